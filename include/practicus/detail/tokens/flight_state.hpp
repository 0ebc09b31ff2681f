// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/lru_tick.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Identifies one flight of a key; 0 is no flight.
using flight_ticket = std::uint32_t;

/// The action for one lookup.
enum class flight_action : std::uint8_t
{
    /// Return the value.
    serve,
    /// Return the value, and start the flight `ticket` in the background.
    serve_and_renew,
    /// Start the flight `ticket`, and wait for it.
    fetch,
    /// Wait for the running flight.
    join,
    /// Fail with `error`.
    fail
};

template <class Handle>
struct flight_decision
{
    flight_action action = flight_action::fail;
    Handle value{};
    flight_ticket ticket = 0;
    std::shared_ptr<error_info const> error;
};

/// The effect of a flight's end.
enum class flight_outcome : std::uint8_t
{
    /// No effect: the flight was void.
    ignored,
    /// Waiters get the value.
    served,
    /// Waiters get `error`.
    failed
};

struct flight_end
{
    flight_outcome outcome = flight_outcome::ignored;
    std::shared_ptr<error_info const> error;
};

/// Decides for one key of a cache: which value is returned, when it is fetched or renewed, and how waits end.
/// Does no I/O and reads no clock. A `Handle` is opaque: false when default constructed, else true, and equal
/// to its copies. Used for access tokens, session and app tokens, and model ids.
///
/// Rules:
/// - There is at most one flight. A lookup without a usable value waits for it. Its value or error goes to
///   all waiters; waiters never start a second fetch. They get its value even if one asked for more validity:
///   the region issues nothing better.
/// - A flight belongs to the cache, not to the caller that caused it. A caller that leaves does not affect
///   it. If all leave, its value is still stored.
/// - After a failed renewal the value stays in use until its end; the next renewal waits for
///   `renewal_backoff`. Without a value, a transient error is not stored: the next lookup fetches. (Retries
///   and their budget are within a flight.) A permanent error is replayed for `replay_time`, one that needs a
///   login until the next login.
/// - A value that is already expired when it arrives is a failure.
/// - A refusal (401) drops the value only if it is the refused one, and nothing else. A running flight stays,
///   even if it began before the refusal: the order at the region is unknown. If the flight brings another
///   invalid value, that is refused in turn.
/// - `MaxRefusals` refusals in a row, each of a young value that was never accepted, are replayed like a
///   permanent error. Otherwise a region that refuses its own new tokens would get a fetch per call.
/// - When the credentials change, errors are dropped and the flight is void. After a login, a new flight
///   starts at once if any caller waits, with the same waiters. After a logout, the waiters fail with a
///   request to log in.
///
/// Thread safety: none. The driver holds a mutex over each call, and acts after unlocking. `random` is always
/// from U(0, 1). Time may step back a little between calls.
template <class Handle, std::uint8_t MaxRefusals = 8>
class flight_state
{
public:
    using error_ptr = std::shared_ptr<error_info const>;
    using decision = flight_decision<Handle>;
    using duration = lifespan::duration;

    decision ask(time_point now, std::optional<duration> min_validity = std::nullopt)
    {
        auto const state = value_ ? life_.at(now, min_validity) : freshness::expired;
        if (state == freshness::expired) return wait(now);
        if (state == freshness::stale_while_revalidate && flight_ == 0)
            return {flight_action::serve_and_renew, value_, start(false), nullptr};
        return {flight_action::serve, value_, 0, nullptr};
    }

    /// Requests another value, however fresh the present one is. The present one stays in use meanwhile.
    decision renew(time_point now) { return wait(now); }

    /// Ends the flight `ticket` with a value.
    flight_end answer(flight_ticket ticket, Handle value, lifespan life, time_point now,
                      double random) noexcept
    {
        if (!is_current(ticket)) return {};
        if (!value || life.has_ended(now))
            return failed(ticket, fixed_error<errc::expired_token>(), now, random);
        put(std::move(value), life);
        return {flight_outcome::served, nullptr};
    }

    /// Ends the flight `ticket` with an error.
    flight_end failed(flight_ticket ticket, error_ptr why, time_point now, double random) noexcept
    {
        if (!is_current(ticket)) return {};
        complete();
        if (failures_ != UINT8_MAX) ++failures_;
        auto const kind = retryability_of(why->code);
        if (value_)
            life_.postpone_renewal(kind == retryability::needs_login
                                       ? time_point::max()
                                       : now + renewal_backoff(failures_, random));
        if (kind != retryability::transient)
            replay(why, kind == retryability::permanent ? now + replay_time(random) : time_point::max());
        return {flight_outcome::failed, std::move(why)};
    }

    /// Stores a value from elsewhere: an explicit login, a listing or another process. The value must not be
    /// expired. A running flight becomes void, and its waiters get this value. Returns true if there may be
    /// waiters.
    bool put(Handle value, lifespan life) noexcept
    {
        bool const wanted = complete();
        value_ = std::move(value);
        life_ = life;
        failures_ = 0;
        rejected_ = Handle();
        forget_error();
        return wanted;
    }

    /// Handles the region's refusal (401) of `used` with the error `why`. `accepted` is true if the region
    /// has accepted this value before. Returns false if `used` is no longer the value.
    bool refused(Handle const& used, bool accepted, error_ptr why, time_point now, double random)
    {
        if (!value_ || !(value_ == used)) return false;
        refusals_ = life_.is_young(now) && !accepted ? std::min<std::uint8_t>(refusals_ + 1, MaxRefusals)
                                                     : std::uint8_t{0};
        auto const until = now + replay_time(random);
        if (refusals_ == MaxRefusals && replay_until_ < until) replay(std::move(why), until);
        rejected_ = used;
        drop();
        return true;
    }

    /// Handles a login or a logout. `keep` is true only if the user stays the same; otherwise the value is
    /// dropped. If a ticket is returned, start that flight with the new credentials, for the waiters of the
    /// void one. Without `again` the result is 0, and the waiters must be failed.
    flight_ticket credentials_changed(bool keep, bool again = true) noexcept
    {
        if (!keep) drop();
        rejected_ = Handle();
        // After a failed renewal, the value is renewed at once.
        if (value_ && failures_ != 0) life_.postpone_renewal(life_.issued_at());
        forget_error();
        failures_ = refusals_ = 0;
        return complete() && again ? start(true) : 0;
    }

    /// Limits the replay of an error to `at`, when another process may fix its cause.
    void replay_until(time_point at) noexcept
    {
        if (error_) replay_until_ = std::min(replay_until_, at);
    }

    /// Returns the value, which may be expired; empty if there is none.
    Handle const& value() const noexcept { return value_; }
    lifespan const& life() const noexcept { return life_; }
    /// Returns the value that the flight must replace: the one at its start, or the last one refused since.
    /// Empty if there is none. Another process may still have it.
    Handle const& rejected_value() const noexcept { return rejected_; }
    bool in_flight() const noexcept { return flight_ != 0; }
    bool is_current(flight_ticket ticket) const noexcept { return ticket != 0 && ticket == flight_; }
    /// Returns the number of failed fetches and renewals since the last success.
    unsigned failures() const noexcept { return failures_; }

    /// Returns true if dropping the entry loses nothing.
    bool is_expired(time_point now) const noexcept
    {
        return flight_ == 0 && (!value_ || life_.has_ended(now)) && now >= replay_until_;
    }

    /// Returns the first violated invariant, or null. For tests.
    char const* check() const noexcept
    {
        if (wanted_ && flight_ == 0) return "a waiter without a flight";
        if ((error_ == nullptr) != (replay_until_ == time_point{})) return "an error without an end";
        if (!value_ && life_.ends() != time_point{}) return "the life of nothing";
        return nullptr;
    }

private:
    decision wait(time_point now)
    {
        if (value_ && life_.has_ended(now)) drop();
        if (flight_ != 0) {
            wanted_ = true;
            return {flight_action::join, {}, flight_, nullptr};
        }
        if (error_ && now < replay_until_) return {flight_action::fail, {}, 0, error_};
        return {flight_action::fetch, {}, start(true), nullptr};
    }

    flight_ticket start(bool wanted)
    {
        if (++tickets_ == 0) ++tickets_;
        flight_ = tickets_;
        wanted_ = wanted;
        if (value_) rejected_ = value_;
        return flight_;
    }

    bool complete() noexcept
    {
        flight_ = 0;
        return std::exchange(wanted_, false);
    }

    void drop()
    {
        value_ = Handle();
        life_ = lifespan();
    }

    void replay(error_ptr why, time_point until)
    {
        error_ = std::move(why);
        replay_until_ = until;
    }

    void forget_error()
    {
        error_.reset();
        replay_until_ = time_point{};
    }

    Handle value_{};
    Handle rejected_{};
    lifespan life_;
    error_ptr error_;
    time_point replay_until_{};
    flight_ticket tickets_ = 0;
    flight_ticket flight_ = 0;
    std::uint8_t failures_ = 0;
    std::uint8_t refusals_ = 0;
    bool wanted_ = false;
};

template <class T>
class flight;
template <class Handle>
struct flight_work;

/// One key of a cache: its state, and the data of the flight driver.
template <class Handle>
struct flight_entry
{
    using handle = Handle;

    explicit flight_entry(time_point now = {}) : use(std::make_shared<lru_tick>(last_use_period_of(now))) {}

    bool is_in_flight() const noexcept { return state.in_flight(); }
    bool is_expired(time_point now) const noexcept { return state.is_expired(now); }
    last_use_period last_use() const noexcept { return use->last(); }

    flight_state<Handle> state;
    /// Null without waiting callers.
    std::shared_ptr<flight<Handle>> waiters;
    /// Set only during a flight: it owns the client's state, which owns this entry.
    std::shared_ptr<flight_work<Handle> const> work;
    /// The number of changed credentials during one wait.
    std::uint8_t restarts = 0;
    std::shared_ptr<lru_tick> use;
};

}}} // namespace practicus::v1::detail
