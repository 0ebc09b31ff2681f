// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/bounded_map.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/lru_tick.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns a small number for this thread. Two threads may share one, for example in a program with two
/// copies of this library.
inline std::size_t thread_index() noexcept
{
    static std::atomic<std::size_t> threads{0};
    thread_local std::size_t const mine = threads.fetch_add(1, std::memory_order_relaxed);
    return mine;
}

struct striped_counters
{
    std::size_t size = 0; ///< entries in all stripes: a name counts once per stripe
    std::uint64_t hits = 0;
    std::uint64_t misses = 0; ///< missing, or not fresh enough
    std::uint64_t evictions = 0;
};

/// Copies of a cache's values per group of threads. Each stripe has its own mutex, map, counters and
/// reference counts. Threads that read the same value thus share no written memory.
///
/// This is a first-level cache. The owner decides about missing and stale values under its own mutex. The
/// owner also holds that mutex when it calls `install`, `replace`, `erase` and `clear`. It installs only its
/// current value, so that no dropped value returns.
///
/// Thread safety: full. Values are freed, and so wiped, outside the locks. `capacity` bounds each stripe.
/// `Handle` is a type such as `token`: empty when default constructed, and cheap to copy by a reference
/// count. `with_own_refcount(handle)` makes a copy with its own count.
template <class Handle>
class striped_cache
{
public:
    using handle = Handle;

    struct found
    {
        /// Empty on a miss.
        handle value{};
        /// True for a hit that is due for renewal. Set at most once a second per name and stripe.
        bool renew = false;
    };

    /// Makes a stripe per hardware thread, or `stripes`, rounded up to a power of two, at most 64.
    explicit striped_cache(std::size_t capacity = 10'000, unsigned stripes = 0)
        : capacity_(capacity), mask_(count_of(stripes) - 1)
    {
        stripes_.reserve(mask_ + 1);
        for (std::size_t i = 0; i <= mask_; ++i)
            stripes_.push_back(std::make_unique<stripe>(capacity));
    }

    striped_cache(striped_cache const&) = delete;
    striped_cache& operator=(striped_cache const&) = delete;

    /// Returns the value of this name if it is fresh. `min_validity` as in `lifespan::at`.
    found find(std::string_view name, time_point now,
               std::optional<std::chrono::nanoseconds> min_validity = std::nullopt)
    {
        auto& mine = here();
        std::lock_guard lock(mine.mutex);
        auto* const s = mine.find(name);
        auto const state = s != nullptr ? s->life.at(now, min_validity) : freshness::expired;
        if (state == freshness::expired) {
            ++mine.misses;
            return {};
        }
        ++mine.hits;
        if (auto const period = last_use_period_of(now); period != s->used) {
            s->used = period;
            s->everywhere->touch(period);
        }
        if (state == freshness::fresh || now < s->quiet_until) return {s->value, false};
        s->quiet_until = now + std::chrono::seconds(1);
        return {s->value, true};
    }

    /// Stores a value in this thread's stripe. `use` records its uses.
    void install(std::string_view name, handle const& value, lifespan const& life,
                 std::shared_ptr<lru_tick> use, time_point now)
    {
        slot fresh(value, life, std::move(use), now);
        auto& mine = here();
        std::lock_guard lock(mine.mutex);
        put(mine, name, fresh, now);
        // `fresh` destroys the previous slot after unlocking.
    }

    /// Replaces a value by a renewed one in each stripe that has it.
    void replace(std::string_view name, handle const& value, lifespan const& life,
                 std::shared_ptr<lru_tick> const& use, time_point now)
    {
        change([&](stripe& s) {
            slot fresh(value, life, use, now);
            std::lock_guard lock(s.mutex);
            if (auto* const old = s.slots.find(name)) {
                fresh.used = old->used;
                std::swap(*old, fresh);
            }
            return fresh;
        });
    }

    void erase(std::string_view name)
    {
        change([&](stripe& s) {
            slot old;
            std::lock_guard lock(s.mutex);
            if (auto* const known = s.slots.find(name)) {
                std::swap(*known, old);
                s.last = nullptr;
                s.slots.erase(name);
            }
            return old;
        });
    }

    /// Removes all values from all stripes.
    void clear()
    {
        change([&](stripe& s) {
            map old(capacity_);
            std::lock_guard lock(s.mutex);
            s.last = nullptr;
            s.slots.swap(old);
            return old;
        });
    }

    striped_counters counters() const
    {
        striped_counters sum;
        for (auto const& s : stripes_) {
            std::lock_guard lock(s->mutex);
            sum.size += s->slots.size();
            sum.hits += s->hits;
            sum.misses += s->misses;
            sum.evictions += s->slots.evictions();
        }
        return sum;
    }

    std::size_t stripes() const noexcept { return stripes_.size(); }

private:
    struct slot
    {
        slot() = default;
        slot(handle const& v, lifespan const& l, std::shared_ptr<lru_tick> use, time_point now)
            : value(with_own_refcount(v)), life(l), everywhere(std::move(use)), used(last_use_period_of(now))
        {}

        bool is_in_flight() const noexcept { return false; }
        bool is_expired(time_point now) const noexcept { return life.has_ended(now); }
        last_use_period last_use() const noexcept { return used; }

        // This reference count is shared only within the stripe.
        handle value;
        lifespan life;
        time_point quiet_until{};
        std::shared_ptr<lru_tick> everywhere;
        last_use_period used = 0;
    };

    using map = bounded_map<std::string, slot, text_key_hash>;

    struct alignas(128) stripe
    {
        explicit stripe(std::size_t capacity) : slots(capacity) {}

        // Most lookups repeat the previous key.
        slot* find(std::string_view name)
        {
            if (last == nullptr || name != last->first) last = slots.find_item(name);
            return last != nullptr ? &last->second : nullptr;
        }

        std::mutex mutex;
        map slots;
        // Reset when an entry is added or removed.
        std::pair<std::string const, slot>* last = nullptr;
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
    };

    static std::size_t count_of(unsigned stripes) noexcept
    {
        auto const wanted = stripes != 0 ? stripes : std::thread::hardware_concurrency();
        return std::bit_ceil<std::size_t>(std::clamp(wanted, 1U, 64U));
    }

    stripe& here() noexcept { return *stripes_[thread_index() & mask_]; }

    static void put(stripe& s, std::string_view name, slot& fresh, time_point now)
    {
        s.last = nullptr;
        std::swap(*s.slots.get(name, now).first, fresh);
    }

    template <class F>
    void change(F f)
    {
        for (auto const& s : stripes_)
            f(*s); // the returned value is freed here, unlocked
    }

    std::size_t capacity_;
    std::size_t mask_;
    std::vector<std::unique_ptr<stripe>> stripes_;
};

}}} // namespace practicus::v1::detail
