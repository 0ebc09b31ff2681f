// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/sslerr.h>
#include <openssl/x509_vfy.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Checks the files of `tls_options`.
struct tls_file_check
{
    /// The type that holds them.
    std::string_view type;

    /// Throws `errc::file_error` with the member of `tls_options`, the file and OpenSSL's reason.
    void operator()(boost::system::error_code const& code, std::string_view what, std::string_view member,
                    std::string_view name, std::string_view advice = {}) const
    {
        if (!code) return;
        error_info info;
        info.code = errc::file_error;
        info.message.append(what);
        if (!name.empty()) info.message.append(" '").append(name).append("'");
        info.message.append(" (").append(type).append("::tls.").append(member).append(") cannot be used: ");
        info.message.append(code.message()).append(advice);
        info.cause = code;
        throw error(std::move(info));
    }
};

/// Reads the client certificate and its key. An encrypted key is decrypted with the caller's password;
/// without one, OpenSSL would prompt on the terminal.
inline void use_client_certificate(boost::asio::ssl::context& context, tls_options const& options,
                                   tls_file_check check)
{
    namespace ssl = boost::asio::ssl;
    boost::system::error_code code;
    context.use_certificate_chain_file(options.certificate_file, code);
    check(code, "the client certificate", "certificate_file", options.certificate_file);
    auto const* const member = options.key_file.empty() ? "certificate_file" : "key_file";
    auto const& key_file = options.key_file.empty() ? options.certificate_file : options.key_file;
    auto* const native = context.native_handle();
    auto const give = [](char* to, int size, int, void* from) -> int {
        auto const password = static_cast<secret const*>(from)->reveal();
        if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
        std::copy(password.begin(), password.end(), to);
        return static_cast<int>(password.size());
    };
    auto password = options.key_password;
    ::SSL_CTX_set_default_passwd_cb(native, give);
    ::SSL_CTX_set_default_passwd_cb_userdata(native, &password);
    context.use_private_key_file(key_file, ssl::context::pem, code);
    ::SSL_CTX_set_default_passwd_cb_userdata(native, nullptr);
    ::SSL_CTX_set_default_passwd_cb(native, [](char*, int, int, void*) { return -1; });
    check(code, "the client certificate's key", member, key_file,
          password ? "" : "; an encrypted key needs tls.key_password");
    if (::SSL_CTX_check_private_key(native) == 1) return;
    code.assign(static_cast<int>(::ERR_get_error()), boost::asio::error::get_ssl_category());
    check(code, "the client certificate's key", member, key_file, "; it must belong to tls.certificate_file");
}

/// Makes a verifying context for TLS 1.2 or newer. `type` is the type that holds the options. Throws
/// `errc::file_error`.
inline std::unique_ptr<boost::asio::ssl::context> make_tls_context(tls_options const& options,
                                                                   std::string_view type = "client_options")
{
    tls_file_check const check{type};
    namespace ssl = boost::asio::ssl;
    boost::system::error_code code;
    auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
    ::SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    // Saves memory of idle connections.
    ::SSL_CTX_set_mode(context->native_handle(), SSL_MODE_RELEASE_BUFFERS);
    if (options.system_roots) {
        context->set_default_verify_paths(code);
        check(code, "the system's certificate authorities", "system_roots", {});
    }
    if (!options.ca_file.empty()) {
        context->load_verify_file(options.ca_file, code);
        check(code, "the file of certificate authorities", "ca_file", options.ca_file);
    }
    if (!options.ca_pem.empty()) {
        context->add_certificate_authority(boost::asio::buffer(options.ca_pem), code);
        check(code, "the text of certificate authorities", "ca_pem", {});
    }
    if (!options.certificate_file.empty()) {
        use_client_certificate(*context, options, check);
    }
    auto* const native = context->native_handle();
    // A caller may trust an intermediate authority, or the server's own certificate.
    ::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(native), X509_V_FLAG_PARTIAL_CHAIN);
    ::SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION);
    // RFC 7301: a server with HTTP/2 only then refuses the handshake, instead of sending unreadable bytes.
    constexpr unsigned char http1[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    ::SSL_CTX_set_alpn_protos(native, http1, sizeof http1);
    // RFC 8446 section 4.6.2: a server may ask for the client's certificate when it knows the request.
    if (!options.certificate_file.empty()) ::SSL_CTX_set_post_handshake_auth(native, 1);
    context->set_verify_mode(options.disable_verification_and_expose_all_secrets ? ssl::verify_none
                                                                                 : ssl::verify_peer);
    return context;
}

/// Sets the peer that a connection expects: SNI (names only, RFC 6066 section 3) and the name or address to
/// find in the certificate. Returns false if OpenSSL refuses.
inline bool expect_host(SSL* connection, std::string host, bool verify)
{
    boost::system::error_code code;
    boost::asio::ip::make_address(host, code);
    bool const is_address = !code;
    if (!is_address && host.ends_with('.')) host.pop_back();
    if (!is_address && ::SSL_set_tlsext_host_name(connection, host.c_str()) != 1) return false;
    if (!verify) return true;
    auto* const parameters = ::SSL_get0_param(connection);
    if (is_address) return ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str()) == 1;
    // RFC 9525 section 2: the subject's common name is not a host name.
    ::X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    return ::X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size()) == 1;
}

/// The verification results of OpenSSL that have an error of their own.
inline constexpr std::pair<long, errc> verify_errcs[] = {
    {X509_V_ERR_HOSTNAME_MISMATCH, errc::certificate_host_mismatch},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, errc::certificate_host_mismatch},
    {X509_V_ERR_CERT_HAS_EXPIRED, errc::certificate_expired},
    {X509_V_ERR_CERT_NOT_YET_VALID, errc::certificate_expired},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, errc::certificate_untrusted},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, errc::certificate_untrusted},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, errc::certificate_untrusted},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, errc::certificate_untrusted},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, errc::certificate_untrusted},
    {X509_V_ERR_CERT_UNTRUSTED, errc::certificate_untrusted},
};

/// OpenSSL's reasons for bytes of a server that does not speak TLS.
inline constexpr int not_tls_reasons[] = {SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST,
                                          SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_BAD_PACKET_LENGTH,
                                          SSL_R_UNKNOWN_PROTOCOL};

/// Returns the reason for which a handshake failed.
inline errc handshake_errc(boost::system::error_code const& code, long verify_result) noexcept
{
    for (auto const& [result, known] : verify_errcs)
        if (verify_result == result) return known;
    if (verify_result != X509_V_OK) return errc::certificate_invalid;
    // Closed or reset without an alert, as by a restarting server: the request may be retried.
    if (code.category() != boost::asio::error::get_ssl_category()) return errc::connection_lost;
    auto const reason = ERR_GET_REASON(static_cast<unsigned long>(code.value()));
    for (int const known : not_tls_reasons)
        if (reason == known) return errc::not_tls;
    return errc::tls_failed;
}

/// Returns true if the server supports none of the offered protocols (RFC 7301 section 3.2).
inline bool refuses_protocol(boost::system::error_code const& code) noexcept
{
    return code.category() == boost::asio::error::get_ssl_category() &&
           ERR_GET_REASON(static_cast<unsigned long>(code.value())) ==
               SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL;
}

}}} // namespace practicus::v1::detail
