// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/url_text.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>
#include <practicus/url.hpp>

#include <boost/url/authority_view.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns the value of a `Proxy-Authorization` field (RFC 7617). Throws `errc::invalid_argument` for a colon
/// in the user name and for control characters.
inline secret basic_authorization(std::string_view user, std::string_view password)
{
    if (user.find(':') != std::string_view::npos)
        throw error(errc::invalid_argument, "the proxy's user name holds a colon");
    if (has_control(user) || has_control(password))
        throw error(errc::invalid_argument, "the proxy's user name or password holds a control character");
    std::string pair;
    pair.reserve(user.size() + 1 + password.size());
    pair.append(user).append(1, ':').append(password);
    constexpr std::string_view scheme = "Basic ";
    // OpenSSL appends a NUL.
    std::string value(scheme.size() + 4 * ((pair.size() + 2) / 3) + 1, '\0');
    scheme.copy(value.data(), scheme.size());
    ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(value.data() + scheme.size()),
                      reinterpret_cast<unsigned char const*>(pair.data()), static_cast<int>(pair.size()));
    wipe(pair.data(), pair.size());
    value.pop_back();
    return secret::take(std::move(value));
}

/// An HTTP proxy, reached without TLS: its address and the credentials for it.
///
/// Parsed from `http://user:password@host:port`, the scheme being optional. User and password are
/// percent-decoded. The default port is 80, as for any http url (RFC 9110 section 4.2.1) and in Go; curl uses
/// 1080.
///
/// Throws `errc::invalid_argument` for anything else: another scheme, a path, white space, control
/// characters, an invalid host or port. The message begins with `named`, and never quotes the text.
class proxy
{
public:
    explicit proxy(std::string_view text, std::string_view named = "the proxy's url")
    {
        try {
            read(text);
        } catch (error const& e) {
            throw error(errc::invalid_argument, std::string(named) + ": " + e.info().message);
        }
    }

    /// Returns the host to resolve, without the brackets of an IPv6 address.
    std::string_view host() const noexcept
    {
        auto const host = std::string_view(authority_).substr(0, authority_.rfind(':'));
        return host.starts_with('[') ? host.substr(1, host.size() - 2) : host;
    }
    std::uint16_t port() const noexcept { return port_; }
    /// Returns host and port, an IPv6 address in brackets. The port is always present. Safe to log.
    std::string const& authority() const noexcept { return authority_; }

    std::string const& user() const noexcept { return user_; }
    secret const& password() const noexcept { return password_; }
    /// Returns the value of the `Proxy-Authorization` field; empty without credentials.
    secret const& authorization() const noexcept { return authorization_; }

    /// Throws `errc::invalid_argument`, as `basic_authorization` does.
    void credentials(std::string_view user, secret password)
    {
        authorization_ = basic_authorization(user, password.reveal());
        user_ = user;
        password_ = std::move(password);
    }

private:
    void read(std::string_view text)
    {
        check_text(text);
        auto rest = after_scheme(text);
        auto const end = std::min(rest.find_first_of("/?#"), rest.size());
        if (auto const path = rest.substr(end); !path.empty() && path != "/")
            refuse_url("it has a path, a query or a fragment; leave it out, and write / ? # in a password "
                       "percent-encoded");
        rest = rest.substr(0, end);
        if (auto const at = rest.rfind('@'); at != std::string_view::npos) {
            read_credentials(rest.substr(0, at));
            rest.remove_prefix(at + 1);
        }
        if (rest.empty() || rest.front() == ':') refuse_url("it has no host; write http://host:port");
        auto const authority = boost::urls::parse_authority(rest);
        if (!authority) refuse_url("host and port cannot be read; write host, host:port or [IPv6]:port");
        port_ = read_port({authority->port().data(), authority->port().size()}, false);
        authority_ = read_host(*authority) + ':' + std::to_string(port_);
    }

    static void check_text(std::string_view text)
    {
        if (text.empty()) refuse_url("it is empty; write http://host:port");
        check_size(text);
        for (std::size_t i = 0; i < text.size(); ++i)
            if (is_control(text[i]) || text[i] == ' ')
                refuse_url("a space or control character at byte " + std::to_string(i));
    }

    static std::string_view after_scheme(std::string_view text)
    {
        auto const colon = text.find("://");
        if (colon == std::string_view::npos) return text;
        auto const scheme = text.substr(0, colon);
        if (equals_ignoring_case(scheme, "https"))
            refuse_url("TLS to the proxy itself is not supported; begin it with http:// if the proxy takes "
                       "that (https regions are reached through it as well, encrypted end to end)");
        if (scheme.size() >= 5 && equals_ignoring_case(scheme.substr(0, 5), "socks"))
            refuse_url("SOCKS is not supported; name an HTTP proxy");
        if (!equals_ignoring_case(scheme, "http"))
            refuse_url("its scheme is not http; begin it with http://");
        return text.substr(colon + 3);
    }

    void read_credentials(std::string_view text)
    {
        auto const colon = std::min(text.find(':'), text.size());
        auto const user = decoded_credential(text.substr(0, colon));
        auto const coded = text.substr(std::min(colon + 1, text.size()));
        credentials(user, secret::take(decoded_credential(coded)));
    }

    std::string authority_;
    std::string user_;
    secret password_;
    secret authorization_;
    std::uint16_t port_ = 0;
};

/// Returns the target of a `CONNECT` request (RFC 9110 section 9.3.6): host and port. The port is always
/// present.
inline std::string connect_target(url_origin const& where)
{
    bool const ipv6 = where.host().find(':') != std::string_view::npos;
    auto const host = std::string(where.host());
    return (ipv6 ? '[' + host + ']' : host) + ':' + std::to_string(where.port());
}

}}} // namespace practicus::v1::detail
