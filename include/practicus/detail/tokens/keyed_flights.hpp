// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/bounded_map.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/lru_tick.hpp>
#include <practicus/detail/tokens/flight_state.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The flights of many keys; at most `capacity` keys, but for those that are under way.
///
/// `Extra` is what the driver keeps beside each key's state, its waiters say. A flight's coroutine holds the
/// entry itself and never looks for it again: if the key was erased meanwhile, its waiters are still told
/// through the entry, and what it brought goes with it. Thread safety: none; the driver holds its mutex over
/// each call and over each use of an entry's `state` and `extra`.
template <class Key, class Handle, class Extra, class Hash = std::hash<Key>>
class keyed_flights
{
public:
    struct entry
    {
        explicit entry(time_point now) : use(std::make_shared<lru_tick>(last_use_period_of(now))) {}

        flight_state<Handle> state;
        Extra extra{};
        std::shared_ptr<lru_tick> use;
    };
    using entry_ptr = std::shared_ptr<entry>;

    explicit keyed_flights(std::size_t capacity) : entries_(capacity) {}

    /// The key's entry, made if it is not there; counts as a use.
    template <class View>
    entry_ptr at(View const& key, time_point now)
    {
        auto const [place, is_new] = entries_.get(key, now, now);
        place->held->use->touch(last_use_period_of(now));
        return place->held;
    }

    /// The key's entry or null.
    template <class View>
    entry_ptr find(View const& key)
    {
        auto const* const place = entries_.find(key);
        return place != nullptr ? place->held : nullptr;
    }

    /// A flight has ended: there may be more keys than `capacity`.
    void landed(time_point now) noexcept { entries_.unpinned(now); }

    template <class View>
    bool erase(View const& key)
    {
        return entries_.erase(key);
    }

    /// `predicate(key, entry)`.
    template <class Predicate>
    std::size_t erase_if(Predicate predicate)
    {
        return entries_.erase_if([&](auto const& key, auto& place) { return predicate(key, *place.held); });
    }

    template <class F>
    void for_each(F f)
    {
        entries_.for_each([&](auto const& key, auto& place) { f(key, *place.held); });
    }

    /// A login or a logout. `change(key, entry_ptr)` tells an entry's state, and returns the ticket that
    /// comes back. `keep` what is cached only if it is the same user's; else only entries with a ticket stay.
    template <class Change>
    void credentials_changed(bool keep, Change change)
    {
        entries_.erase_if(
            [&](auto const& key, auto& place) { return change(key, place.held) == 0 && !keep; });
    }

    /// The end: everybody who waits gets `why`, by `wake(entry_ptr)`, which takes a note. Whoever asks an
    /// entry later gets it, too; the driver makes no new ones.
    template <class Wake>
    void shutdown(std::shared_ptr<error_info const> const& why, Wake wake)
    {
        entries_.for_each([&](auto const&, auto& place) {
            if (place.held->state.shutdown(why)) wake(place.held);
        });
        entries_.clear();
    }

    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t capacity() const noexcept { return entries_.capacity(); }
    std::uint64_t evictions() const noexcept { return entries_.evictions(); }

private:
    struct holder
    {
        explicit holder(time_point now) : held(std::make_shared<entry>(now)) {}

        bool is_in_flight() const noexcept { return held->state.in_flight(); }
        bool is_expired(time_point now) const noexcept { return held->state.is_expired(now); }
        last_use_period last_use() const noexcept { return held->use->last(); }

        entry_ptr held;
    };

    bounded_map<Key, holder, Hash> entries_;
};

}}} // namespace practicus::v1::detail
