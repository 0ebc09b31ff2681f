// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/runtime.hpp>
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

/// Makes connections to origins: resolved, connected, and verified if it is TLS. Each phase has its limit of
/// the client's options. Thread safety: full; constant but for what it remembers.
class connector
{
public:
    connector(std::shared_ptr<runtime> home, std::shared_ptr<client_options const> options)
        : home_(std::move(home)), options_(std::move(options)), told_(&options_->observer),
          names_(std::make_shared<dns_cache>(home_->limits())), rules_(options_->proxy)
    {}

    std::shared_ptr<runtime> const& home() const noexcept { return home_; }
    client_options const& options() const noexcept { return *options_; }
    notifier const& told() const noexcept { return told_; }
    dns_cache& names() const noexcept { return *names_; }

    /// The proxy that requests to an http origin are handed to, or null. Throws `errc::invalid_argument`.
    proxy const* forward_proxy(origin const& where) const
    {
        return where.secure() ? nullptr : rules_.find(where);
    }

    /// Reads the files that TLS needs, once. Throws `errc::file_error`.
    asio::ssl::context& tls()
    {
        std::lock_guard lock(mutex_);
        if (!tls_) {
            tls_ = make_tls_context(options_->tls);
            tls_sessions::listen(tls_->native_handle());
        }
        return *tls_;
    }

    /// Throws all that connecting can end with, and `operation_aborted` if nobody is left to want it.
    asio::awaitable<std::unique_ptr<connection>> connect(origin where, std::shared_ptr<tls_sessions> sessions)
    {
        auto const begin = home_->time().precise_now();
        std::string address;
        std::shared_ptr<error_info const> failure;
        std::unique_ptr<connection> made;
        try {
            made = co_await connect(where, address);
            if (where.secure() && !co_await secure(*made, where, *sessions, true)) {
                made = co_await connect(where, address);
                co_await secure(*made, where, *sessions, false);
            }
        } catch (...) {
            failure = current_error_info();
        }
        if (told_) tell(where, made.get(), address, failure.get(), begin);
        if (failure) throw error(std::move(failure));
        co_return std::move(made);
    }

private:
    asio::awaitable<std::unique_ptr<connection>> connect(origin const& where, std::string& address)
    {
        auto const* const via = rules_.find(where);
        auto const host = std::string(via != nullptr ? via->host() : where.host());
        auto const port = via != nullptr ? via->port() : where.port();
        auto const found = co_await resolve(host);
        auto const race = std::make_shared<connect_race>(home_);
        auto const end = phase_end(time_point::max(), home_->time().now(), options_->timeouts.connect);
        auto made = co_await race->run(*found, port, end);
        if (!made) {
            names_->reject(host);
            if (home_->time().now() >= end) throw_timeout(phase::connect, time_point::max(), end);
            throw_with_cause(errc::connect_failed, race->failure(),
                             via != nullptr ? "the proxy " + via->authority()
                                            : std::string(where.host_header()));
        }
        if (told_) {
            error_code ignored;
            std::ostringstream text;
            text << made->plain().remote_endpoint(ignored);
            address = text.str();
        }
        if (via != nullptr && where.secure())
            co_await open_tunnel(*made, *via, where, options_->user_agent, options_->limits.header, end);
        co_return std::move(made);
    }

    asio::awaitable<address_list> resolve(std::string const& host)
    {
        auto const begin = home_->time().precise_now();
        auto const end = phase_end(time_point::max(), home_->time().now(), options_->timeouts.resolve);
        address_list found;
        std::shared_ptr<error_info const> failure;
        try {
            found = co_await names_->find(host, end);
        } catch (...) {
            failure = current_error_info();
        }
        if (told_)
            told_(events::resolved{host, found ? found->size() : 0, home_->time().precise_now() - begin,
                                   failure ? failure->code : error_code()});
        if (failure) throw error(std::move(failure));
        co_return found;
    }

    /// Returns false if the handshake failed and a saved session was offered, which may be why: then the
    /// origin's sessions are dropped.
    asio::awaitable<bool> secure(connection& made, origin const& where, tls_sessions& sessions,
                                 bool may_resume)
    {
        bool const verify = !options_->tls.disable_verification_and_expose_all_secrets;
        auto const resumed = may_resume ? sessions.take() : nullptr;
        made.prepare_tls(tls(), std::string(where.host()), verify, resumed.get());
        sessions.bind(made.tls().native_handle());
        auto const end = phase_end(time_point::max(), home_->time().now(), options_->timeouts.tls);
        try {
            co_await made.handshake(verify, end);
            sessions.keep_successor(made.tls().native_handle(), resumed.get());
        } catch (error const& e) {
            bool const by_peer = e.code() == errc::tls_failed || e.code() == errc::connection_lost;
            if (!resumed || !by_peer) throw;
            sessions.drop();
            co_return false;
        }
        co_return true;
    }

    void tell(origin const& where, connection* made, std::string const& address, error_info const* failure,
              time_point begin) const
    {
        events::connected e;
        e.origin = where.str();
        e.took = home_->time().precise_now() - begin;
        try {
            if (auto const* const via = rules_.find(where)) e.proxy = via->authority();
        } catch (error const&) {
        }
        if (failure != nullptr) {
            e.error = failure->code;
        } else {
            e.address = address;
            if (made->is_tls()) {
                e.tls_version = ::SSL_get_version(made->tls().native_handle());
                e.resumed = ::SSL_session_reused(made->tls().native_handle()) == 1;
            }
        }
        told_(e);
    }

    std::shared_ptr<runtime> home_;
    std::shared_ptr<client_options const> options_;
    notifier told_;
    std::shared_ptr<dns_cache> names_;
    proxy_rules rules_;
    std::mutex mutex_;
    std::unique_ptr<asio::ssl::context> tls_;
};

}}} // namespace practicus::v1::detail
