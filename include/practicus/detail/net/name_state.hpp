// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The next step of a caller that needs a host's addresses.
enum class name_action : std::uint8_t
{
    /// Use the known addresses.
    serve,
    /// Wait for the running lookup.
    join,
    /// Start a lookup, and wait for it.
    look_up
};

template <class Addresses>
struct name_decision
{
    name_action action = name_action::serve;
    Addresses found{};
    /// The time at which a wait falls back to the stale addresses; `max` if there are none.
    time_point patience_ends = time_point::max();
};

/// The policy for one host name: when it is looked up, and which addresses are used. Does no I/O and reads no
/// clock. `Addresses` is false when default constructed, else true; copying must not throw.
///
/// Rules:
/// - There is at most one lookup. A caller without fresh addresses waits for it.
/// - Addresses are fresh for `lifetime`, and then stale. Stale ones are used when a lookup fails or takes
///   longer than `patience`, for at most `stale_lifetime` (RFC 8767 sections 5 and 6).
/// - After a failed lookup the stale addresses count as fresh for another `lifetime`. Otherwise each caller
///   would wait for a name server that is down.
/// - A name that no longer exists has no addresses.
/// - Addresses that could not be connected to become stale at once.
///
/// Thread safety: none; the driver holds a mutex over each call.
template <class Addresses>
class name_state
{
public:
    static constexpr std::chrono::seconds lifetime{10};
    static constexpr std::chrono::hours stale_lifetime{24};
    static constexpr std::chrono::seconds patience{2};

    name_decision<Addresses> ask(time_point now) const noexcept
    {
        auto usable = stale(now);
        if (usable && now < fresh_until_) return {name_action::serve, std::move(usable)};
        auto const action = in_flight_ ? name_action::join : name_action::look_up;
        if (!usable) return {action};
        auto const patience_ends = (in_flight_ ? began_ : now) + patience;
        if (now >= patience_ends) return {name_action::serve, std::move(usable)};
        return {action, {}, patience_ends};
    }

    /// Records the start of a lookup.
    void begin(time_point now) noexcept
    {
        in_flight_ = true;
        began_ = now;
    }

    /// Records the addresses of a lookup.
    void succeed(Addresses found, time_point now) noexcept
    {
        in_flight_ = false;
        addresses_ = std::move(found);
        fresh_until_ = now + lifetime;
        stale_until_ = now + stale_lifetime;
    }

    /// Records a failed lookup, or a failed start. Returns the stale addresses to use, if any.
    Addresses fail(bool name_exists, time_point now) noexcept
    {
        in_flight_ = false;
        addresses_ = name_exists ? stale(now) : Addresses();
        if (addresses_) fresh_until_ = now + lifetime;
        return addresses_;
    }

    /// Makes the addresses stale after a failed connect to all of them.
    void reject() noexcept { fresh_until_ = time_point::min(); }

    /// Returns the addresses that may be used if the lookup fails.
    Addresses stale(time_point now) const noexcept { return now < stale_until_ ? addresses_ : Addresses(); }

    bool in_flight() const noexcept { return in_flight_; }

private:
    Addresses addresses_{};
    time_point fresh_until_ = time_point::min();
    time_point stale_until_ = time_point::min();
    time_point began_{};
    bool in_flight_ = false;
};

}}} // namespace practicus::v1::detail
