// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/lru_tick.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Hashes text, so that a `string_view` is looked up without a copy. Not noexcept: libstdc++ then stores the
/// hashes in the nodes and does not rehash neighbours.
struct text_key_hash
{
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

template <class Entry>
Entry const& entry_of(Entry const& e) noexcept
{
    return e;
}

template <class Entry>
Entry const& entry_of(std::shared_ptr<Entry> const& e) noexcept
{
    return *e;
}

/// A hash map of bounded capacity. When full, it evicts expired entries, then the least recently used. It
/// evicts an eighth of the capacity at once, so that an insertion is amortized O(1). Entries keep their
/// addresses. Thread safety: none.
///
/// `Entry`, or its pointee, has `is_in_flight()`, `is_expired(time_point)` and `last_use()`. Entries in
/// flight are never evicted, even beyond the capacity.
template <class Key, class Entry, class Hash = std::hash<Key>>
class bounded_map
{
public:
    explicit bounded_map(std::size_t capacity) noexcept
        : capacity_(std::max<std::size_t>(capacity, 1)), trim_at_(capacity_)
    {}

    template <class View>
    Entry* find(View const& key)
    {
        auto const it = entries_.find(key);
        return it != entries_.end() ? &it->second : nullptr;
    }

    /// Returns the key and the entry, or null.
    template <class View>
    std::pair<Key const, Entry>* find_item(View const& key)
    {
        auto const it = entries_.find(key);
        return it != entries_.end() ? &*it : nullptr;
    }

    /// Returns the entry of the key, created if necessary, and whether it is new.
    template <class View, class... Args>
    std::pair<Entry*, bool> get(View const& key, time_point now, Args&&... args)
    {
        if (auto* const known = find(key)) return {known, false};
        if (entries_.size() >= trim_at_) trim(now);
        auto const [it, is_new] = entries_.try_emplace(Key(key), std::forward<Args>(args)...);
        return {&it->second, is_new};
    }

    /// Called when an entry is no longer in flight. Evicts entries beyond the capacity, an eighth at a time;
    /// later if memory runs out.
    void unpinned(time_point now) noexcept
    {
        if (entries_.size() <= capacity_ || ++unpinned_ < share()) return;
        try {
            trim(now);
        } catch (...) {
        }
    }

    template <class View>
    bool erase(View const& key)
    {
        auto const it = entries_.find(key);
        if (it == entries_.end()) return false;
        entries_.erase(it);
        return true;
    }

    template <class Predicate>
    std::size_t erase_if(Predicate predicate)
    {
        return std::erase_if(entries_, [&](auto& item) { return predicate(item.first, item.second); });
    }

    template <class F>
    void for_each(F f)
    {
        for (auto& [key, entry] : entries_)
            f(key, entry);
    }

    void clear() noexcept { entries_.clear(); }
    void swap(bounded_map& other) noexcept
    {
        entries_.swap(other.entries_);
        std::swap(trim_at_, other.trim_at_);
    }

    std::size_t size() const noexcept { return entries_.size(); }
    std::size_t capacity() const noexcept { return capacity_; }
    std::uint64_t evictions() const noexcept { return evictions_; }

private:
    std::size_t share() const noexcept { return capacity_ / 8 + 1; }

    void trim(time_point now)
    {
        auto const enough = capacity_ - std::min(share(), capacity_);
        auto const before = entries_.size();
        erase_if(
            [&](auto const&, auto& e) { return !entry_of(e).is_in_flight() && entry_of(e).is_expired(now); });
        if (entries_.size() > enough) erase_oldest(entries_.size() - enough);
        evictions_ += before - entries_.size();
        // Avoids a trim per insertion while most entries are in flight.
        trim_at_ = std::max(capacity_, entries_.size() + share());
        unpinned_ = 0;
    }

    void erase_oldest(std::size_t count)
    {
        std::vector<last_use_period> uses;
        uses.reserve(entries_.size());
        for (auto& [key, e] : entries_)
            if (!entry_of(e).is_in_flight()) uses.push_back(entry_of(e).last_use());
        if (uses.empty()) return;
        count = std::min(count, uses.size());
        auto const last = uses.begin() + static_cast<std::ptrdiff_t>(count - 1);
        std::nth_element(uses.begin(), last, uses.end());
        auto const limit = *last;
        auto older = static_cast<std::size_t>(
            std::count_if(uses.begin(), last, [&](auto use) { return use < limit; }));
        auto equal = count - older;
        erase_if([&](auto const&, auto& item) {
            auto const& e = entry_of(item);
            if (e.is_in_flight() || e.last_use() > limit) return false;
            if (e.last_use() < limit) return true;
            return equal != 0 && equal-- != 0;
        });
    }

    std::unordered_map<Key, Entry, Hash, std::equal_to<>> entries_;
    std::size_t capacity_;
    std::size_t trim_at_;
    std::size_t unpinned_ = 0;
    std::uint64_t evictions_ = 0;
};

}}} // namespace practicus::v1::detail
