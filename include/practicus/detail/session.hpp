// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/error_body.hpp>
#include <practicus/detail/flight.hpp>
#include <practicus/detail/http_date.hpp>
#include <practicus/detail/message.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/detail/session_state.hpp>
#include <practicus/detail/transport.hpp>
#include <practicus/detail/wire.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace practicus::inline v1::detail {

/// The shared state of a client: who it is, and how its requests go out. Access tokens are fetched once for
/// all who wait for one. Thread safety: full.
class session : public std::enable_shared_from_this<session>
{
public:
    session(std::shared_ptr<runtime> home, service_url service, client_options options)
        : state_(options.credentials()),
          // logout() must find every copy of a password.
          wire_(std::move(home), std::move(service), std::move(options.without_credentials()))
    {}

    std::shared_ptr<runtime> const& home() const noexcept { return wire_.home(); }
    service_url const& service() const noexcept { return wire_.service(); }
    limit_options const& limits() const noexcept { return wire_.options().limits(); }

    operation begin(std::shared_ptr<call_options const> with = nullptr) const
    {
        return wire_.begin(std::move(with));
    }

    /// Ends all operations with `errc::client_closed`. Any thread.
    void close() noexcept { wire_.close(); }
    void close_idle() const noexcept { wire_.close_idle(); }
    client_stats stats() const { return wire_.stats(); }
    /// For tests.
    transport& wire() noexcept { return wire_; }

    std::string username() const
    {
        std::lock_guard lock(mutex_);
        return state_.username();
    }

    /// Forgets every token and password, and voids what is being fetched.
    void logout()
    {
        std::lock_guard lock(mutex_);
        ++logouts_;
        state_.forget();
        fetching_.reset();
    }

    asio::awaitable<void> login(operation op, credentials who)
    {
        if (who.type() != credentials::kind::password) {
            bool const renew = who.type() == credentials::kind::refresh_token;
            replace(std::move(who));
            // Proves the token now, and not at some later call.
            if (renew) co_await access(op);
            co_return;
        }
        auto const issued = home()->time().now();
        auto const r = wire::login(service(), who, limits().console_body());
        auto const logouts = count_logouts();
        response answer;
        token const none;
        co_await wire_.send(op, r, none, answer);
        auto tokens = read_answer(op, r, answer, wire::read_login);
        std::lock_guard lock(mutex_);
        if (logouts != logouts_) throw error(errc::login_required, "logged out meanwhile");
        state_.replace(std::move(who));
        fetching_.reset();
        adopt(std::move(tokens), answer, issued, state_.generation());
    }

    /// A new access token; until it is there, the old one stays in use.
    asio::awaitable<void> refresh(operation op) { co_await access(op, true); }

    /// Sends a request with the access token; renews it once if the region refuses it. Throws unless the
    /// answer is a success.
    asio::awaitable<void> call(operation& op, request const& r, response& answer)
    {
        op.retries.next_request();
        token bearer;
        if (r.authorized == authorization::access) bearer = usable_access(op);
        if (r.authorized == authorization::access && !bearer) bearer = co_await access(op);
        co_await wire_.send(op, r, bearer, answer);
        if (op.renew) {
            reject(bearer);
            bearer = co_await access(op);
            co_await wire_.send(op, r, bearer, answer);
        }
        if (!is_success(answer.status)) fail(op, r, answer);
    }

    /// Calls `read(body)`, and gives its errors the request's name.
    template <class Read>
    std::invoke_result_t<Read, std::string_view> read_answer(operation const& op, request const& r,
                                                             response const& answer, Read read) const
    {
        if (!is_success(answer.status)) fail(op, r, answer);
        return explain(op, r, answer, [&] { return read(answer.body); });
    }

    /// Adds to an error what was asked and answered.
    template <class F>
    std::invoke_result_t<F> explain(operation const& op, request const& r, response const& answer, F f) const
    {
        try {
            return f();
        } catch (error const& e) {
            auto info = e.info();
            info.status = answer.status;
            if (e.code() == errc::not_json) {
                info.message =
                    answer.content_type.empty() ? "it has no content type" : "its content type is another";
                if (answer.content_type.starts_with("application/json")) info.message = "though it says so";
                // A page says where it comes from; anything else may be a token.
                if (answer.body.starts_with('<')) info.server_message = read_error_body(answer.body).message;
            }
            throw error(wire_.with_request(std::move(info), r, op));
        }
    }

    /// Tells the observer of a fetch.
    asio::awaitable<token> observed(std::string_view kind, operation_body<token> fetch) const
    {
        if (!wire_.told()) co_return co_await fetch();
        events::token_fetched e;
        e.kind = kind;
        auto const begin = home()->time().precise_now();
        token result;
        std::shared_ptr<error_info const> failure;
        try {
            result = co_await fetch();
        } catch (...) {
            failure = current_error_info();
            e.error = failure->code;
        }
        e.took = home()->time().precise_now() - begin;
        wire_.told()(e);
        if (failure) throw error(std::move(failure));
        co_return result;
    }

private:
    [[noreturn]] void fail(operation const& op, request const& r, response const& answer) const
    {
        auto words = read_error_body(answer.body);
        bool const otp = words.field == "one_time_password" || words.field == "otp";
        bool const from_region = words.from_region;
        auto info = info_of(answer, std::move(words));
        if (r.secret_body && r.authorized == authorization::none) {
            if (answer.status == 400 && otp)
                info.code = errc::one_time_password_required;
            else if (from_region && (answer.status == 401 || answer.status == 403))
                info.code = errc::login_refused;
        }
        throw error(wire_.with_request(std::move(info), r, op));
    }

    std::uint64_t count_logouts() const
    {
        std::lock_guard lock(mutex_);
        return logouts_;
    }

    void reject(token const& access)
    {
        std::lock_guard lock(mutex_);
        state_.reject(access);
    }

    void replace(credentials who)
    {
        std::lock_guard lock(mutex_);
        state_.replace(std::move(who));
        fetching_.reset();
    }

    /// Adopts under the mutex.
    bool adopt(wire::new_tokens tokens, response const& answer, time_point issued, std::uint64_t generation)
    {
        auto const end = end_of_life(tokens.access.claims(), parse_http_date(answer.date), issued);
        return state_.adopt(std::move(tokens), issued, end, generation);
    }

    /// An access token that is there and may be used, or none.
    token usable_access(operation const& op) const
    {
        std::lock_guard lock(mutex_);
        return state_.is_fresh(home()->time().now(), op.min_validity) ? state_.access() : token();
    }

    /// A usable access token: at once, or from the one fetch that all callers share.
    asio::awaitable<token> access(operation const& op, bool renew = false)
    {
        std::shared_ptr<flight<token>> joined;
        bool first = false;
        {
            std::lock_guard lock(mutex_);
            if (!renew && state_.is_fresh(home()->time().now(), op.min_validity)) co_return state_.access();
            first = !fetching_;
            if (first && state_.fetch() == session_state::source::none) throw error(errc::login_required);
            if (first) fetching_ = std::make_shared<flight<token>>();
            joined = fetching_;
        }
        if (first) start_fetch(joined);
        co_return co_await flight<token>::join(joined, home()->limits(), op.deadline);
    }

    /// The fetch belongs to the client: it goes on when its first caller is gone.
    void start_fetch(std::shared_ptr<flight<token>> const& target)
    {
        auto const promise = std::make_shared<flight_promise<token>>(target);
        home()->spawn([self = shared_from_this(), target, promise] {
            return run_into<token>(promise, self->home()->limits(), [self, target] {
                return self->observed("access", [self, target] { return self->fetch(target); });
            });
        });
    }

    asio::awaitable<token> fetch(std::shared_ptr<flight<token>> target)
    {
        struct finally
        {
            session* self;
            std::shared_ptr<flight<token>> target;
            ~finally()
            {
                std::lock_guard lock(self->mutex_);
                if (self->fetching_ == target) self->fetching_.reset();
            }
        };
        finally const on_exit{this, target};
        auto op = begin();
        std::shared_ptr<error_info const> refused;
        // A refresh token that is refused, then the password if it was kept; and all over if somebody else
        // logged in meanwhile.
        for (int tries = 0; tries < 4; ++tries) {
            session_state state;
            std::shared_ptr<flight<token>> newer;
            {
                std::lock_guard lock(mutex_);
                state = state_;
                if (fetching_ != target) newer = fetching_;
            }
            // A refresh token that rotates must not be sent by two.
            if (newer) co_return co_await flight<token>::join(newer, home()->limits(), op.deadline);
            if (tries > 0 && state.is_fresh(home()->time().now())) co_return state.access();
            auto const source = state.fetch();
            if (source == session_state::source::none) break;
            bool const by_password = source == session_state::source::password;
            auto r = by_password
                         ? wire::login(service(), *state.held(), limits().console_body())
                         : wire::refresh(service(), state.refresh().reveal(), limits().console_body());
            r.rotating_refresh = r.rotating_refresh && rotates_;
            auto const issued = home()->time().now();
            one_use const once{this, op, state, by_password};
            response answer;
            co_await wire_.send(op, r, state.refresh(), answer);
            if (!by_password && is_refused(answer)) {
                refused = refusal(op, r, answer);
                std::lock_guard lock(mutex_);
                state_.refuse(state.refresh());
                continue;
            }
            if (by_password && is_refused(answer)) {
                std::lock_guard lock(mutex_);
                state_.refuse_password(state.generation());
            }
            auto tokens = read_answer(op, r, answer, by_password ? wire::read_login : wire::read_refresh);
            auto const result = tokens.access;
            if (!by_password) rotates_ = !tokens.refresh.empty();
            std::lock_guard lock(mutex_);
            if (adopt(std::move(tokens), answer, issued, state.generation())) co_return result;
        }
        if (refused) throw error(refused);
        throw error(errc::login_required);
    }

    /// A one-time password that may have reached the region is not sent again.
    struct one_use
    {
        session* self;
        operation const& op;
        session_state const& sent;
        bool by_password;

        ~one_use()
        {
            if (!by_password || !op.written || !sent.held()->one_time_password()) return;
            std::lock_guard lock(self->mutex_);
            self->state_.refuse_password(sent.generation());
        }
    };

    /// Is it certain that the region itself refused the token? A proxy's 401 or 403 must not log anybody out.
    static bool is_refused(response const& answer)
    {
        if (answer.status != 401 && answer.status != 403) return false;
        auto const words = read_error_body(answer.body);
        return words.from_region && (answer.status == 401 || words.code == "token_not_valid");
    }

    std::shared_ptr<error_info const> refusal(operation const& op, request const& r,
                                              response const& answer) const
    {
        auto info = info_of(answer, read_error_body(answer.body));
        info.code = errc::login_required;
        info.message = "the region refused the refresh token";
        return std::make_shared<error_info const>(wire_.with_request(std::move(info), r, op));
    }

    mutable std::mutex mutex_;
    session_state state_;
    std::uint64_t logouts_ = 0;
    std::shared_ptr<flight<token>> fetching_;
    // Does the region replace a refresh token that is used? Until it has shown that it does not.
    std::atomic<bool> rotates_{true};
    transport wire_;
};

} // namespace practicus::inline v1::detail
