// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/given_token.hpp>
#include <practicus/detail/tokens/session_state.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/user_identity.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/token.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The login of a client and its access token, under one mutex. Thread safety: full.
class current_login
{
public:
    /// Called without the mutex when the credentials change. `keep`: the user is the same. `again`: the new
    /// credentials serve the waiting callers. Must not throw.
    using change_listener = std::function<void(bool keep, bool again)>;

    current_login(std::shared_ptr<client_runtime> runtime, std::optional<credentials> const& user,
                  change_listener on_change)
        : runtime_(std::move(runtime)), on_change_(std::move(on_change)), state_(user),
          access_(given_access(user)), flights_(runtime_, mutex_)
    {
        if (user) (void)set_given(given_token::of(*user));
    }
    current_login(current_login const&) = delete;
    current_login& operator=(current_login const&) = delete;

    /// Shortens the replay of an error that a login by another process may end.
    void limit_replays()
    {
        flights_.on_complete = [this](auto const& e, flight_end const&) {
            e->state.replay_until(runtime_->time().now() + replay_time(runtime_->random().next()));
        };
    }

    cache_stats stats()
    {
        std::lock_guard lock(mutex_);
        auto result = flights_.counts();
        accumulate(result, access_->state, runtime_->time().now());
        return result;
    }

    /// Returns a copy of the present state.
    session_state state() const
    {
        std::lock_guard lock(mutex_);
        return state_;
    }

    /// For display. Stored values belong to the user named by `session_state::store_identity`.
    std::string username() const
    {
        std::lock_guard lock(mutex_);
        return state_.username();
    }

    /// Returns the session token that the client was given instead of a login, or null.
    std::shared_ptr<given_token> given() const
    {
        if (!has_given_.load(std::memory_order_acquire)) return nullptr;
        std::lock_guard lock(mutex_);
        return given_;
    }

    /// Drops all tokens and passwords, and voids running fetches. Waiting callers fail with a request to log
    /// in. First calls `prepare()` under the mutex; if that throws, nothing has changed.
    template <class Prepare>
    void logout(Prepare prepare)
    {
        ended_flights ended;
        std::shared_ptr<given_token> former;
        {
            std::lock_guard lock(mutex_);
            prepare();
            ++logouts_;
            state_.forget();
            former = set_given(nullptr);
            flights_.credentials_changed(*access_, false, false, ended);
        }
        on_change_(false, false);
        ended.fail(fixed_error<errc::login_required>());
    }

    /// The number of logouts, for `adopt_login`.
    std::uint64_t logouts() const
    {
        std::lock_guard lock(mutex_);
        return logouts_;
    }

    /// Replaces the credentials. Callers that wait for a token get one by the new ones.
    void replace(credentials const& user)
    {
        bool const is_given = user.type() == credentials::kind::access_token;
        token const given = is_given ? token(user.value()) : token();
        auto session_token = given_token::of(user);
        ended_flights ended;
        flight_ticket again = 0;
        std::shared_ptr<flight<token>> served;
        {
            std::lock_guard lock(mutex_);
            state_.replace(user, stored_now(runtime_->time()));
            session_token = set_given(std::move(session_token));
            if (is_given) served = flights_.take_waiters(*access_);
            again = flights_.credentials_changed(*access_, false, !is_given, ended);
            if (is_given) access_->state.put(given, lifespan::unlimited());
        }
        if (served) served->succeed(given);
        ended.fail(fixed_error<errc::login_required>());
        flights_.restart(access_, again);
        on_change_(false, true);
    }

    struct adopted
    {
        /// Callers that wait for an access token; may be null.
        std::shared_ptr<flight<token>> waiters;
        std::uint64_t generation = 0;
    };

    /// Takes the tokens of an explicit login. Fails with `errc::login_required` after a logout since
    /// `logouts`.
    result<adopted> adopt_login(credentials user, console_api::new_tokens const& tokens, lifespan const& life,
                                stored_time began, std::uint64_t logouts)
    {
        bool same_user = false;
        adopted taken;
        std::shared_ptr<given_token> former;
        {
            std::lock_guard lock(mutex_);
            if (logouts != logouts_) return make_failure(errc::login_required, "logged out meanwhile");
            auto next = state_;
            next.replace(std::move(user), began);
            next.adopt(tokens, began, next.generation());
            same_user = are_same(state_.user(), next.user());
            state_ = std::move(next);
            former = set_given(nullptr);
            taken.generation = state_.generation();
            taken.waiters = flights_.take_waiters(*access_);
            access_->state.credentials_changed(false, false);
            access_->state.put(tokens.access, life);
        }
        on_change_(same_user, true);
        return taken;
    }

    /// Returns an access token or a flight to wait for. With `renew`, the token is another than the present
    /// one. `make()` returns the work of a new flight.
    template <class Make>
    lookup<token> ask(operation const& op, bool renew, Make make)
    {
        auto const now = runtime_->time().now();
        return flights_.ask(
            [&]() -> auto const& { return access_; },
            [&](auto& state) { return renew ? state.renew(now) : state.ask(now, op.validity()); },
            std::move(make));
    }

    /// Handles the region's refusal of the token.
    void refuse_access(token const& used, failure why)
    {
        std::lock_guard lock(mutex_);
        auto& state = access_->state;
        state.refused(used, was_accepted(state.value()), std::move(why), runtime_->time().now(),
                      runtime_->random().next());
    }

    /// Returns the state for a flight's next request, or nothing after a login or a logout.
    std::optional<session_state> state_for(flight_ticket ticket) const
    {
        std::lock_guard lock(mutex_);
        if (!access_->state.is_current(ticket)) return std::nullopt;
        return state_;
    }

    /// Adopts the data that came with an access token. Fails with `operation_aborted` after a login or logout
    /// since `generation`.
    result<adopted> adopt(console_api::new_tokens const& tokens, stored_time began, std::uint64_t generation)
    {
        std::lock_guard lock(mutex_);
        if (!state_.adopt(tokens, began, generation)) return fixed_error<asio::error::operation_aborted>();
        return adopted{nullptr, generation};
    }

    /// Adopts the record of another process. Returns false if it is not newer, or the flight is void.
    bool adopt_stored(store_record const& kept, flight_ticket ticket)
    {
        std::lock_guard lock(mutex_);
        return access_->state.is_current(ticket) && state_.adopt_stored(kept);
    }

    /// Handles the region's refusal of the password in `sent`. `challenged`: a one-time password was missing.
    void refuse_password(session_state const& sent, bool challenged = false)
    {
        std::lock_guard lock(mutex_);
        state_.refuse_password(sent.generation(), challenged);
    }

    /// Handles the region's refusal of the refresh token in `sent`.
    void refuse_refresh(session_state const& sent)
    {
        std::lock_guard lock(mutex_);
        state_.refuse(sent.refresh());
    }

    bool is_current(std::uint64_t generation) const
    {
        std::lock_guard lock(mutex_);
        return state_.generation() == generation;
    }

    /// Adds the stored data of the login. Returns false after a login or logout since `generation`.
    bool annotate(store_record& v, std::uint64_t generation) const
    {
        std::lock_guard lock(mutex_);
        return state_.annotate(v, generation);
    }

    struct present
    {
        /// Empty without an access token, or while another one is fetched, which is stored later.
        std::optional<store_record> value;
        std::uint64_t generation = 0;
    };

    /// Returns the record of the login for a store.
    present for_store() const
    {
        std::lock_guard lock(mutex_);
        present result;
        result.generation = state_.generation();
        auto const& access = access_->state;
        if (!state_.shares() || !access.value() || access.in_flight()) return result;
        auto v = as_stored(access.value(), access.life(), runtime_->time());
        if (state_.annotate(v, result.generation)) result.value = std::move(v);
        return result;
    }

private:
    /// Returns an entry with a given access token. Its issue time is unknown, so only the region can tell
    /// when it expires.
    static std::shared_ptr<flight_entry<token>> given_access(std::optional<credentials> const& user)
    {
        auto const result = std::make_shared<flight_entry<token>>();
        if (user && user->type() == credentials::kind::access_token)
            result->state.put(token(user->value()), lifespan::unlimited());
        return result;
    }

    /// Returns the former token: its source is the caller's, and must not be destroyed under the mutex.
    std::shared_ptr<given_token> set_given(std::shared_ptr<given_token> by) noexcept
    {
        has_given_.store(by != nullptr, std::memory_order_release);
        return std::exchange(given_, std::move(by));
    }

    std::shared_ptr<client_runtime> runtime_;
    change_listener on_change_;
    mutable std::mutex mutex_;
    session_state state_;
    std::shared_ptr<given_token> given_;
    std::atomic<bool> has_given_{false};
    std::uint64_t logouts_ = 0;
    std::shared_ptr<flight_entry<token>> access_;
    flight_driver<flight_entry<token>> flights_;
};

}}} // namespace practicus::v1::detail
