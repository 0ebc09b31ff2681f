// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/net/connect_race.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/net/dns_cache.hpp>
#include <practicus/detail/net/proxy_rules.hpp>
#include <practicus/detail/net/tls_context.hpp>
#include <practicus/detail/net/tls_sessions.hpp>
#include <practicus/detail/net/tunnel.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Opens connections to origins: resolves, connects, and verifies TLS. Each phase has its limit from the
/// client's options. Thread safety: full.
class connector
{
public:
    using opened = result<std::unique_ptr<connection>>;

    connector(std::shared_ptr<client_runtime> runtime, std::shared_ptr<client_options const> options)
        : runtime_(std::move(runtime)), options_(std::move(options)), observer_(&options_->observer),
          dns_(std::make_shared<dns_cache>(runtime_->limits())), rules_(options_->proxy)
    {}

    std::shared_ptr<client_runtime> const& runtime() const noexcept { return runtime_; }
    client_options const& options() const noexcept { return *options_; }
    notifier const& observer() const noexcept { return observer_; }
    dns_cache& dns() const noexcept { return *dns_; }

    /// Returns the proxy that forwards requests to an http origin, or null. Fails with
    /// `errc::invalid_argument`.
    result<proxy const*> forward_proxy(url_origin const& where) const
    {
        if (!where.secure()) return rules_.find(where);
        return static_cast<proxy const*>(nullptr);
    }

    /// Returns the TLS context; the first call reads the files that it needs. Throws `errc::file_error`.
    asio::ssl::context& tls()
    {
        std::lock_guard lock(mutex_);
        if (!tls_) {
            tls_ = make_tls_context(options_->tls);
            tls_sessions::listen(tls_->native_handle());
        }
        return *tls_;
    }

    /// Fails with any error of resolving, connecting or the handshake. Fails with `operation_aborted` when
    /// cancelled because no request needs the connection.
    asio::awaitable<opened> connect(url_origin where, std::shared_ptr<tls_sessions> sessions)
    {
        auto const begin = runtime_->time().precise_now();
        std::string address;
        auto opening = no_throw(open(where, *sessions, address));
        auto made = co_await std::move(opening);
        if (observer_) notify(where, made, address, begin);
        co_return std::move(made);
    }

private:
    asio::awaitable<opened> open(url_origin const& where, tls_sessions& sessions, std::string& address)
    {
        for (bool may_resume = true;; may_resume = false) {
            auto opening = open_plain(where, address);
            auto made = co_await std::move(opening);
            if (!made || !where.secure()) co_return std::move(made);
            auto& link = **made;
            bool const verify = !options_->tls.disable_verification_and_expose_all_secrets;
            auto const resumed = may_resume ? sessions.take() : nullptr;
            if (auto why = link.prepare_tls(tls(), std::string(where.host()), verify, resumed.get()))
                co_return why;
            sessions.bind(link.tls().native_handle());
            auto const end = phase_end(time_point::max(), runtime_->time().now(), options_->timeouts.tls);
            auto handshake = link.handshake(verify, end);
            auto const why = co_await std::move(handshake);
            if (!why) {
                sessions.keep_successor(link.tls().native_handle(), resumed.get());
                co_return std::move(made);
            }
            // The server may have rejected the offered session: try again without one.
            bool const by_peer = why->code == errc::tls_failed || why->code == errc::connection_lost;
            if (!resumed || !by_peer) co_return why;
            sessions.drop();
        }
    }

    /// Resolves and connects, through the proxy's tunnel if there is one.
    asio::awaitable<opened> open_plain(url_origin const& where, std::string& address)
    {
        auto const rule = rules_.find(where);
        if (!rule) co_return rule.error();
        auto const* const proxied = *rule;
        auto const host = std::string(proxied != nullptr ? proxied->host() : where.host());
        auto const port = proxied != nullptr ? proxied->port() : where.port();
        auto resolving = resolve(host);
        auto const found = co_await std::move(resolving);
        if (!found) co_return found.error();
        auto const race = std::make_shared<connect_race>(runtime_);
        auto const end = phase_end(time_point::max(), runtime_->time().now(), options_->timeouts.connect);
        auto racing = race->run(**found, port, end);
        auto made = co_await std::move(racing);
        if (!made) {
            auto const why = made.error();
            if (why->code != errc::connect_failed) co_return why;
            dns_->reject(host);
            if (runtime_->time().now() >= end)
                co_return timeout_failure(phase::connect, time_point::max(), end);
            co_return make_failure(errc::connect_failed, why->cause,
                                   proxied != nullptr ? "the proxy " + proxied->authority()
                                                      : std::string(where.host_header()));
        }
        if (observer_) {
            error_code ignored;
            std::ostringstream text;
            text << (*made)->plain().remote_endpoint(ignored);
            address = text.str();
        }
        if (proxied == nullptr || !where.secure()) co_return std::move(made);
        auto tunnelling =
            open_tunnel(**made, *proxied, where, options_->user_agent, options_->limits.header, end);
        if (auto why = co_await std::move(tunnelling)) co_return why;
        co_return std::move(made);
    }

    asio::awaitable<result<address_list>> resolve(std::string const& host)
    {
        auto const begin = runtime_->time().precise_now();
        auto const end = phase_end(time_point::max(), runtime_->time().now(), options_->timeouts.resolve);
        auto finding = dns_->find(host, end);
        auto found = co_await std::move(finding);
        if (observer_)
            observer_(events::resolved{host, found ? (*found)->size() : 0,
                                       runtime_->time().precise_now() - begin,
                                       found ? error_code() : found.error()->code});
        co_return std::move(found);
    }

    void notify(url_origin const& where, opened const& made, std::string const& address,
                time_point begin) const
    {
        events::connected e;
        e.origin = where.str();
        e.took = runtime_->time().precise_now() - begin;
        if (auto const proxied = rules_.find(where); proxied && *proxied != nullptr)
            e.proxy = (*proxied)->authority();
        if (!made) {
            e.error = made.error()->code;
        } else {
            e.address = address;
            if ((*made)->is_tls()) {
                auto const* const ssl = (*made)->tls().native_handle();
                e.tls_version = ::SSL_get_version(ssl);
                e.resumed = ::SSL_session_reused(ssl) == 1;
            }
        }
        observer_(e);
    }

    std::shared_ptr<client_runtime> runtime_;
    std::shared_ptr<client_options const> options_;
    notifier observer_;
    std::shared_ptr<dns_cache> dns_;
    proxy_rules rules_;
    std::mutex mutex_;
    std::unique_ptr<asio::ssl::context> tls_;
};

}}} // namespace practicus::v1::detail
