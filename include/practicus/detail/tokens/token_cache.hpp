// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/striped_cache.hpp>
#include <practicus/detail/tokens/token_cache_state.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// The validity that a caller requires of a token, if any.
using validity = std::optional<std::chrono::nanoseconds>;

/// The ids and tokens of a region's models or apps, or the tokens of its add-ons, which have names only. A
/// hit reads only this thread's stripe. Everything else is decided by `token_cache_state` under one mutex.
/// Thread safety: full.
///
/// A `name` is a url without its version.
class token_cache
{
public:
    using state_type = token_cache_state;
    using id_handle = state_type::id_handle;
    using found = striped_cache<token>::found;

    /// If `by_name`, names are the keys and there are no ids.
    explicit token_cache(std::shared_ptr<client_runtime> runtime, bool by_name = false)
        : runtime_(std::move(runtime)), by_name_(by_name), id_flights_(runtime_, mutex_),
          token_flights_(runtime_, mutex_)
    {
        id_flights_.on_complete = [this](state_type::id_entry const&, flight_end const&) {
            state_.ids().unpinned(runtime_->time().now());
        };
        token_flights_.on_complete = [this](state_type::token_entry const& e, flight_end const& end) {
            try {
                completed(*e, end);
            } catch (...) {
                // A missing entry is better than an outdated one.
                clear_stripes();
            }
            state_.tokens().unpinned(runtime_->time().now());
        };
    }

    /// Returns the value from this thread's stripe, or else from the common cache.
    found find(std::string_view name, token_purpose purpose, validity min)
    {
        auto const now = runtime_->time().now();
        auto here = stripes(purpose).find(name, now, min);
        if (here.value) return here;
        std::lock_guard lock(mutex_);
        auto const key = key_of(name, purpose);
        auto const entry = key ? state_.find(*key) : nullptr;
        if (!entry || !entry->state.value()) return here;
        auto const& life = entry->state.life();
        auto const fresh = life.at(now, min);
        if (fresh == freshness::expired) return here;
        ++shared_hits_;
        entry->names.add(name);
        here.value = entry->state.value();
        here.renew = fresh == freshness::stale_while_revalidate;
        stripes(purpose).install(name, here.value, life, entry->use, now);
        return here;
    }

    /// `make()` returns the work of a new flight.
    template <class Make>
    lookup<id_handle> ask_id(std::string_view name, Make make)
    {
        auto const now = runtime_->time().now();
        return id_flights_.ask([&] { return state_.id_of(name, now); },
                               [&](auto& state) { return state.ask(now); }, std::move(make));
    }

    template <class Make>
    lookup<token> ask_token(token_key const& key, std::string_view name, validity min, Make make)
    {
        auto const now = runtime_->time().now();
        return token_flights_.ask([&] { return state_.token_of(key, name, now); },
                                  [&](auto& state) { return state.ask(now, min); }, std::move(make));
    }

    /// Returns the key of the token for `name`, if it is known without a lookup.
    std::optional<token_key> known_key(std::string_view name, token_purpose purpose)
    {
        std::lock_guard lock(mutex_);
        return key_of(name, purpose);
    }

    /// As `token_cache_state::listed_part`.
    std::size_t listed_part(std::string_view name)
    {
        std::lock_guard lock(mutex_);
        return state_.listed_part(name);
    }

    /// Stores the present token of `key` in this thread's stripe.
    void install(token_key const& key, std::string_view name, token const& value)
    {
        auto const now = runtime_->time().now();
        std::lock_guard lock(mutex_);
        auto const entry = state_.find(key);
        if (entry && entry->state.value() == value)
            stripes(key.purpose).install(name, value, entry->state.life(), entry->use, now);
    }

    /// Handles a service's refusal (401) of `used`. Returns true if it was the present token, which is then
    /// dropped.
    bool refused(std::string_view name, token_purpose purpose, token const& used,
                 std::shared_ptr<error_info const> why)
    {
        std::lock_guard lock(mutex_);
        auto const key = key_of(name, purpose);
        auto const entry = key ? state_.find(*key) : nullptr;
        if (!entry || !entry->state.refused(used, was_accepted(entry->state.value()), std::move(why),
                                            runtime_->time().now(), runtime_->random().next()))
            return false;
        erase(stripes(purpose), entry->names);
        return true;
    }

    /// Returns true if a listing contained a url with a longer name than its text alone has:
    /// `models/a/v2/b/`.
    bool has_long_names() const noexcept { return has_long_names_.load(std::memory_order_relaxed); }

    /// Stores the ids of the names in a listing. `long_names` as for `has_long_names`.
    void prime(std::vector<std::pair<std::string, std::int64_t>> const& listed, bool long_names)
    {
        // Waiting callers are woken even after an exception.
        struct woken
        {
            std::vector<std::pair<std::shared_ptr<flight<id_handle>>, std::int64_t>> all;

            ~woken()
            {
                for (auto const& [waiters, id] : all)
                    waiters->succeed(id);
            }
        };
        woken wake;
        auto const now = runtime_->time().now();
        std::lock_guard lock(mutex_);
        if (!make_room(state_.ids(), wake.all)) throw std::bad_alloc();
        if (long_names) has_long_names_.store(true, std::memory_order_relaxed);
        for (auto const& [name, id] : listed) {
            auto const primed = state_.prime(name, id, now);
            if (primed.moved) erase_everywhere(name);
            if (primed.wake)
                if (auto waiters = id_flights_.take_waiters(*primed.wake))
                    wake.all.emplace_back(std::move(waiters), id);
        }
    }

    /// Returns the maximum number of entries.
    std::size_t capacity() noexcept { return state_.ids().capacity(); }

    /// Handles a login or a logout. `keep`: the user is the same, and so the entries stay. `again`: waiting
    /// callers get values fetched by the new credentials; otherwise they fail with a request to log in.
    void credentials_changed(bool keep, bool again) noexcept
    {
        ended_flights ended;
        std::vector<std::pair<state_type::id_entry, flight_ticket>> ids;
        std::vector<std::pair<state_type::token_entry, flight_ticket>> tokens;
        bool room = true;
        {
            std::lock_guard lock(mutex_);
            room = make_room(state_.ids(), ids) && make_room(state_.tokens(), tokens);
            state_.credentials_changed(
                keep,
                [&](auto const&, auto const& e) {
                    auto const ticket = id_flights_.credentials_changed(*e, keep, again && room, ended);
                    if (ticket != 0) ids.emplace_back(e, ticket);
                    return ticket;
                },
                [&](auto const&, auto const& e) {
                    auto const ticket = token_flights_.credentials_changed(*e, keep, again && room, ended);
                    if (ticket != 0) tokens.emplace_back(e, ticket);
                    return ticket;
                });
            if (!keep) clear_stripes();
        }
        ended.fail(room ? fixed_error<errc::login_required>()
                        : fixed_error<boost::system::errc::not_enough_memory>());
        for (auto const& [entry, ticket] : ids)
            id_flights_.restart(entry, ticket);
        for (auto const& [entry, ticket] : tokens)
            token_flights_.restart(entry, ticket);
    }

    cache_stats token_stats()
    {
        auto const now = runtime_->time().now();
        std::lock_guard lock(mutex_);
        auto result = token_flights_.counts();
        result.evictions = state_.tokens().evictions();
        result.hits += shared_hits_;
        for (auto const& s : stripes_)
            result.hits += s.counters().hits;
        state_.tokens().for_each([&](auto const&, auto& e) { accumulate(result, e->state, now); });
        return result;
    }

    cache_stats id_stats()
    {
        auto const now = runtime_->time().now();
        std::lock_guard lock(mutex_);
        auto result = id_flights_.counts();
        result.evictions = state_.ids().evictions();
        state_.ids().for_each([&](auto const&, auto& e) { accumulate(result, e->state, now); });
        return result;
    }

private:
    /// Requires the mutex.
    std::optional<token_key> key_of(std::string_view name, token_purpose purpose)
    {
        token_key key;
        key.purpose = purpose;
        if (by_name_) {
            key.name = name;
            return key;
        }
        auto const entry = state_type::find(state_.ids(), name);
        if (!entry || !entry->state.value()) return std::nullopt;
        key.id = *entry->state.value();
        return key;
    }

    striped_cache<token>& stripes(token_purpose purpose) noexcept
    {
        return stripes_[purpose == token_purpose::predict ? 0 : 1];
    }

    void clear_stripes()
    {
        for (auto& s : stripes_)
            s.clear();
    }

    /// Reserves room for all flights that may have to be restarted. Returns false if memory ran out.
    template <class Flights, class Tickets>
    static bool make_room(Flights& flights, Tickets& room) noexcept
    {
        std::size_t under_way = 0;
        flights.for_each([&](auto const&, auto& e) { under_way += e->state.in_flight(); });
        try {
            room.reserve(under_way);
            return true;
        } catch (...) {
            return false;
        }
    }

    static void erase(striped_cache<token>& from, token_names const& names)
    {
        if (names.too_many()) return from.clear();
        for (auto const& name : names.urls())
            from.erase(name);
    }

    void erase_everywhere(std::string_view name)
    {
        for (auto& s : stripes_)
            s.erase(name);
    }

    /// Requires the mutex, as every change of the stripes does.
    void completed(state_type::token_record& e, flight_end const& end)
    {
        auto const& names = e.names;
        auto& stripes = this->stripes(e.key.purpose);
        if (end.outcome == flight_outcome::served) {
            if (names.too_many()) return stripes.clear();
            for (auto const& name : names.urls())
                stripes.replace(name, e.state.value(), e.state.life(), e.use, runtime_->time().now());
        } else if (end.error->code == errc::not_found) {
            auto const dropped = state_.drop_id(e.key.id, e.key.name);
            for (auto& s : stripes_)
                if (!dropped) s.clear();
            if (dropped)
                for (auto const& name : *dropped)
                    erase_everywhere(name);
        }
    }

    std::shared_ptr<client_runtime> runtime_;
    bool const by_name_;
    std::mutex mutex_;
    state_type state_;
    flight_driver<state_type::id_record> id_flights_;
    flight_driver<state_type::token_record> token_flights_;
    std::array<striped_cache<token>, 2> stripes_;
    std::atomic<bool> has_long_names_{false};
    std::uint64_t shared_hits_ = 0;
};

}}} // namespace practicus::v1::detail
