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

/// Names one flight of a key. 0 is none.
using flight_ticket = std::uint32_t;

/// What to do for somebody who asks.
enum class flight_action : std::uint8_t
{
    /// Hand out the value.
    serve,
    /// Hand out the value, and start the flight `ticket` behind it.
    serve_and_renew,
    /// Start the flight `ticket`, and wait for it.
    fetch,
    /// Wait for the flight that is under way.
    join,
    /// Throw `error`.
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

/// What a flight's end means.
enum class flight_outcome : std::uint8_t
{
    /// Nothing: it was void.
    ignored,
    /// Whoever waits gets the value.
    served,
    /// Whoever waits gets `error`.
    failed
};

struct flight_end
{
    flight_outcome outcome = flight_outcome::ignored;
    std::shared_ptr<error_info const> error;
};

/// Decides for one key of a cache: what is handed out, when it is fetched or renewed, and what becomes of
/// those who wait. It does no I/O and reads no clock, and does not know what a value is: a `Handle` is
/// empty when default constructed, else true, and `==` to its copies. Used for access tokens, session and app
/// tokens, and model ids.
///
/// Rules:
/// - One flight at most. Whoever asks while there is nothing to hand out waits for it; its end is everybody's
///   end, with a value or an error, and nobody fetches again by himself. What it brings is handed to all of
///   them, even if somebody asked for more validity: it is the best that the region gives.
/// - A flight belongs to the cache, not to the one who caused it: that somebody leaves is no event here. If
///   all leave, what it brings is still kept.
/// - A renewal that fails leaves the value in use until its end; the next one waits for `renewal_backoff`.
///   While there is nothing to hand out, a passing error is not kept: the next one who asks fetches.
///   (Retries, and their budget, are within a flight.) A lasting error is replayed for `replay_time`; one
///   that only a login can mend, until then.
/// - A value that is past its life when it arrives is a failure.
/// - A refusal (401) drops the value only if it is still the one that was refused, and drops nothing else. A
///   flight that is under way stays, even if it began before the refusal: nobody knows which of the two the
///   region saw first, and if it brings another dead value, that is refused in its turn. `MaxRefusals` in a
///   row of values that were young and that nothing has accepted, and the refusal is replayed like a lasting
///   error: a region that refuses what it has just issued is not asked at the rate of the calls.
/// - When the credentials change, errors are forgotten and the flight is void, whatever it brings. After a
///   login, another takes its place at once if any caller waits, with the same waiters; after a logout, they
///   are told to log in.
///
/// Thread safety: none; the driver holds a mutex over each call, and acts after unlocking. `random` is always
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

    /// Wants another value than the one there is, however good that is; it stays in use meanwhile.
    decision renew(time_point now) { return wait(now); }

    /// The flight `ticket` brought a value.
    flight_end answer(flight_ticket ticket, Handle value, lifespan life, time_point now,
                      double random) noexcept
    {
        if (!is_current(ticket)) return {};
        if (!value || life.has_ended(now))
            return failed(ticket, fixed_error<errc::expired_token>(), now, random);
        put(std::move(value), life);
        return {flight_outcome::served, nullptr};
    }

    /// The flight `ticket` failed.
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

    /// A value that was got in another way: by an explicit login, from a listing, from another process; not
    /// one that is past its life. A flight is void from now on; whoever waits for it gets this value. True if
    /// anybody may be waiting.
    bool put(Handle value, lifespan life) noexcept
    {
        bool const wanted = complete();
        value_ = std::move(value);
        life_ = life;
        failures_ = 0;
        unwanted_ = Handle();
        forget_error();
        return wanted;
    }

    /// The region refused `used` (401), for the reason `why`; `accepted` if it has taken this value before.
    /// False if that is no longer the value.
    bool refused(Handle const& used, bool accepted, error_ptr why, time_point now, double random)
    {
        if (!value_ || !(value_ == used)) return false;
        refusals_ = life_.is_young(now) && !accepted ? std::min<std::uint8_t>(refusals_ + 1, MaxRefusals)
                                                     : std::uint8_t{0};
        auto const until = now + replay_time(random);
        if (refusals_ == MaxRefusals && replay_until_ < until) replay(std::move(why), until);
        unwanted_ = used;
        drop();
        return true;
    }

    /// A login or a logout. `keep` what is cached only if it is the same user's. If a ticket comes back,
    /// start that flight: with the credentials of now, for those who waited for the one that is void. Without
    /// `again`, none comes back, and the waiters are to be told.
    flight_ticket credentials_changed(bool keep, bool again = true) noexcept
    {
        if (!keep) drop();
        unwanted_ = Handle();
        // What could not be renewed is tried again at once.
        if (value_ && failures_ != 0) life_.postpone_renewal(life_.issued_at());
        forget_error();
        failures_ = refusals_ = 0;
        return complete() && again ? start(true) : 0;
    }

    /// Somebody else may mend what failed: it is replayed until `at` only.
    void replay_until(time_point at) noexcept
    {
        if (error_) replay_until_ = std::min(replay_until_, at);
    }

    /// Empty if there is none; it may be past its life.
    Handle const& value() const noexcept { return value_; }
    lifespan const& life() const noexcept { return life_; }
    /// What the flight shall bring another for, perhaps empty: what was there when it began, or was refused
    /// since the last that was good. Somebody else may have that still.
    Handle const& rejected_value() const noexcept { return unwanted_; }
    bool in_flight() const noexcept { return flight_ != 0; }
    bool is_current(flight_ticket ticket) const noexcept { return ticket != 0 && ticket == flight_; }
    /// Renewals and fetches that failed since the last that did not.
    unsigned failures() const noexcept { return failures_; }

    /// Nothing would be lost without it.
    bool is_expired(time_point now) const noexcept
    {
        return flight_ == 0 && (!value_ || life_.has_ended(now)) && now >= replay_until_;
    }

    /// For tests: the first invariant that does not hold, or null.
    char const* check() const noexcept
    {
        if (wanted_ && flight_ == 0) return "somebody waits for no flight";
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
        if (value_) unwanted_ = value_;
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
    Handle unwanted_{};
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

/// A key of a cache: its state, and what the driver of its flights keeps beside that.
template <class Handle>
struct flight_entry
{
    using handle = Handle;

    explicit flight_entry(time_point now = {}) : use(std::make_shared<lru_tick>(last_use_period_of(now))) {}

    bool is_in_flight() const noexcept { return state.in_flight(); }
    bool is_expired(time_point now) const noexcept { return state.is_expired(now); }
    last_use_period last_use() const noexcept { return use->last(); }

    flight_state<Handle> state;
    /// Null while no caller waits.
    std::shared_ptr<flight<Handle>> waiters;
    /// Only during a flight: it holds the client's state, which holds this.
    std::shared_ptr<flight_work<Handle> const> work;
    /// How often the credentials have changed while the same callers waited.
    std::uint8_t restarts = 0;
    std::shared_ptr<lru_tick> use;
};

}}} // namespace practicus::v1::detail
