// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/bounded_map.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/lru_tick.hpp>
#include <practicus/detail/tokens/flight_state.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Identifies a token of the client's only region. There is one user at a time; a login of another user drops
/// all tokens (`credentials_changed(false)`).
struct token_key
{
    token_key() = default;
    token_key(std::int64_t of_id, token_purpose with_purpose = token_purpose::predict)
        : id(of_id), purpose(with_purpose)
    {}

    /// The id of a model or an app.
    std::int64_t id = 0;
    token_purpose purpose = token_purpose::predict;
    /// The key of an add-on, which has no id.
    std::string name;

    friend bool operator==(token_key const&, token_key const&) = default;
};

struct token_key_hash
{
    std::size_t operator()(token_key const& key) const noexcept
    {
        // Spreads ids, which are consecutive numbers.
        auto const mixed = static_cast<std::uint64_t>(key.id) * 2 + static_cast<std::uint64_t>(key.purpose);
        return static_cast<std::size_t>(mixed * 0x9e3779b97f4a7c15ULL >> 7) ^
               (key.name.empty() ? 0 : std::hash<std::string>()(key.name));
    }
};

/// The urls (without version) for which a token was returned, and under which the stripes may hold it.
/// Usually one.
class token_names
{
public:
    static constexpr std::size_t limit = 8;

    void add(std::string_view url)
    {
        if (too_many_ || std::find(urls_.begin(), urls_.end(), url) != urls_.end()) return;
        too_many_ = urls_.size() == limit;
        if (!too_many_) urls_.emplace_back(url);
    }

    /// Returns true if not all urls were kept: clear all stripes.
    bool too_many() const noexcept { return too_many_; }
    std::vector<std::string> const& urls() const noexcept { return urls_; }

private:
    std::vector<std::string> urls_;
    bool too_many_ = false;
};

/// The known ids and tokens of a region's models or apps: id by url, token by id. Models and apps are
/// numbered separately, so a client has two of these.
///
/// A url is `hosted_url::without_version()` here: a token for v1 serves v2. The lookup of an id and the fetch
/// of a token are separate flights: a token is renewed by one request, without a lookup. Ids live for
/// `model_id_lifetime` and are not renewed. A listing primes them, and a 404 drops them.
///
/// A flight's coroutine holds the entry and never looks it up again. If the key was erased meanwhile, the
/// waiters are still woken through the entry, and its value is lost with it. Thread safety: none; the driver
/// holds its mutex over each call and each use of an entry.
class token_cache_state
{
public:
    using id_handle = std::optional<std::int64_t>;

    struct id_record : flight_entry<id_handle>
    {
        using flight_entry::flight_entry;

        /// A listing contained this url.
        bool listed = false;
    };

    struct token_record : flight_entry<token>
    {
        using flight_entry::flight_entry;

        /// The key of this entry.
        token_key key;
        token_names names;
    };

    using id_entry = std::shared_ptr<id_record>;
    using token_entry = std::shared_ptr<token_record>;
    using id_map = bounded_map<std::string, id_entry, text_key_hash>;
    using token_map = bounded_map<token_key, token_entry, token_key_hash>;

    explicit token_cache_state(std::size_t capacity = 10'000) : ids_(capacity), tokens_(capacity) {}

    /// Returns the entry of the url's id.
    id_entry id_of(std::string_view url, time_point now) { return at(ids_, url, now); }

    /// Returns the entry of the token that `url` needs.
    token_entry token_of(token_key const& key, std::string_view url, time_point now)
    {
        auto result = at(tokens_, key, now);
        result->key = key;
        result->names.add(url);
        return result;
    }

    token_entry find(token_key const& key) { return find(tokens_, key); }

    /// Returns the lifespan of a newly learned id.
    static lifespan life_of_id(time_point now) noexcept
    {
        return {now, model_id_lifetime, model_id_limits, 0.0};
    }

    struct primed
    {
        /// If not null, its waiters get the id now.
        id_entry wake;
        /// The url had another id: drop it from the stripes.
        bool moved = false;
    };

    /// Stores the id of `url` from a listing. New urls are stored only while a quarter of the capacity is
    /// free: a listing of 100,000 models must not evict the used ones.
    primed prime(std::string_view url, std::int64_t id, time_point now)
    {
        auto entry = find(ids_, url);
        if (!entry && ids_.size() >= ids_.capacity() / 4 * 3) return {};
        if (!entry) entry = at(ids_, url, now);
        entry->listed = true;
        primed result;
        result.moved = entry->state.value() && entry->state.value() != id;
        if (entry->state.put(id, life_of_id(now))) result.wake = std::move(entry);
        return result;
    }

    /// Returns the size of the longest prefix of `url` that ends in a slash and was in a listing; 0 if there
    /// is none. The url ends in a slash, and may contain a version and a path.
    std::size_t listed_part(std::string_view url)
    {
        for (auto end = url.size(); end > 1; end = url.rfind('/', end - 2) + 1)
            if (auto const entry = find(ids_, url.substr(0, end)); entry && entry->listed) return end;
        return 0;
    }

    /// Drops an id or name that the region reports as unknown (404, not replayed) from all urls, with its
    /// tokens. The error of a token's last flight stays: if a service keeps naming the dead id, calls do not
    /// fetch each time. Returns the urls to drop from the stripes, or nothing to clear all stripes.
    std::optional<std::vector<std::string>> drop_id(std::int64_t id, std::string const& name = {})
    {
        std::vector<std::string> urls;
        ids_.erase_if([&](auto const& url, auto const& entry) {
            if (entry->state.value() != id) return false;
            urls.push_back(url);
            return !entry->state.in_flight();
        });
        bool all = false;
        for (auto const purpose : {token_purpose::predict, token_purpose::upload}) {
            token_key key(id, purpose);
            key.name = name;
            auto const entry = find(key);
            if (!entry) continue;
            auto const& names = entry->names;
            all = all || names.too_many();
            for (auto const& url : names.urls())
                if (std::find(urls.begin(), urls.end(), url) == urls.end()) urls.push_back(url);
            if (entry->state.value() && !entry->state.in_flight()) tokens_.erase(key);
        }
        if (all) return std::nullopt;
        return urls;
    }

    /// Handles a login or a logout. `change_id(url, entry)` and `change_token(key, entry)` update an entry
    /// and return the ticket of its new flight. Without `keep`, only entries with a ticket stay. Ids are the
    /// same for all users, but rights are not: another user may see other models.
    template <class ChangeId, class ChangeToken>
    void credentials_changed(bool keep, ChangeId change_id, ChangeToken change_token)
    {
        ids_.erase_if([&](auto const& key, auto const& e) { return change_id(key, e) == 0 && !keep; });
        tokens_.erase_if([&](auto const& key, auto const& e) { return change_token(key, e) == 0 && !keep; });
    }

    id_map& ids() noexcept { return ids_; }
    token_map& tokens() noexcept { return tokens_; }

    /// Returns the entry of the key, or null.
    template <class Map, class View>
    static auto find(Map& in, View const& key) -> std::decay_t<decltype(*in.find(key))>
    {
        auto const* const known = in.find(key);
        return known != nullptr ? *known : nullptr;
    }

private:
    /// Returns the entry of the key, creating it if necessary. Counts as a use.
    template <class Map, class View>
    static auto at(Map& in, View const& key, time_point now) -> std::decay_t<decltype(*in.find(key))>
    {
        auto entry = find(in, key);
        if (!entry) {
            entry = std::make_shared<typename decltype(entry)::element_type>(now);
            in.get(key, now, entry);
        }
        entry->use->touch(last_use_period_of(now));
        return entry;
    }

    id_map ids_;
    token_map tokens_;
};

}}} // namespace practicus::v1::detail
