// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/config.hpp>
#include <practicus/mock/certificate.hpp>
#include <practicus/mock/detail/listener.hpp>
#include <practicus/mock/server.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>

#include <openssl/ssl.h>

#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace mock {

namespace detail {

inline void renew_tickets(SSL_CTX* context) noexcept
{
    SSL_CTX_set_session_ticket_cb(
        context, [](SSL*, void*) { return 1; },
        [](SSL*, SSL_SESSION*, unsigned char const*, std::size_t, SSL_TICKET_STATUS status,
           void*) -> SSL_TICKET_RETURN {
            bool const usable = status == SSL_TICKET_SUCCESS || status == SSL_TICKET_SUCCESS_RENEW;
            return usable ? SSL_TICKET_RETURN_USE_RENEW : SSL_TICKET_RETURN_IGNORE_RENEW;
        },
        nullptr);
}

} // namespace detail

PRACTICUS_DECL std::shared_ptr<boost::asio::ssl::context> server::make_tls(server_options const& options)
{
    namespace ssl = boost::asio::ssl;
    auto chosen = options.certificate;
    ca_ = options.ca;
    if (!chosen) {
        certificate_authority authority;
        ca_ = authority.pem();
        chosen = authority.issue(*options.tls);
    }
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->use_certificate_chain(boost::asio::buffer(chosen->pem()));
    context->use_private_key(boost::asio::buffer(chosen->key_pem()), ssl::context::pem);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    if (options.tls12_only) SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
    if (options.renew_tickets) detail::renew_tickets(context->native_handle());
    static constexpr unsigned char session_context[] = "practicus";
    SSL_CTX_set_session_id_context(context->native_handle(), session_context, sizeof session_context - 1);
    if (!options.client_ca.empty()) {
        context->add_certificate_authority(boost::asio::buffer(options.client_ca));
        context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    }
    return context;
}

PRACTICUS_DECL void server::listen(boost::asio::any_io_executor executor)
{
    auto accepting = std::make_shared<detail::listener>(std::move(executor), state_);
    port_ = accepting->port();
    accepting->start();
}

}}} // namespace practicus::v1::mock
