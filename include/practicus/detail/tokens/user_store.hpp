// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/tokens/access_tokens.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/shared_store.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/token.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The ids and tokens of the present user in a store that processes share.
class user_store
{
public:
    explicit user_store(access_tokens& access) noexcept : access_(access) {}

    /// From the store, if it is in use and has a value that `is_right`; else by `fetch`.
    asio::awaitable<fetch_result<token>> find_or_fetch(std::string key, freshness_limits limits,
                                                       token rejected_value,
                                                       std::function<bool(token const&)> is_right,
                                                       operation_body<fetch_result<token>> fetch) const
    {
        if (!access_.uses_store()) co_return co_await fetch();
        auto const op = access_.console().transport().begin(nullptr);
        co_await access_.access(op, false);
        // Once: what ends after another login does not belong to that.
        auto const login = access_.current().state();
        auto const place = user_key(key, login.whose());
        if (place.empty()) co_return co_await fetch();
        std::function<bool(store_record const&)> const accept = [&](store_record const& kept) {
            return is_right(kept.value);
        };
        std::function<bool()> const is_stale = [this, generation = login.generation()] {
            return !access_.current().is_current(generation);
        };
        shared_store::keeper const keep = [&](fetch_result<token> const& got) {
            return access_.store().save_unless(is_stale, place, got);
        };
        co_return co_await access_.store().find_or_fetch(place, limits, std::move(rejected_value), accept,
                                                         fetch, keep);
    }

    /// Removes a wrong value.
    asio::awaitable<void> remove(std::string key) const
    {
        if (!access_.uses_store()) co_return;
        auto const place = user_key(key, access_.current().state().whose());
        if (!place.empty()) co_await access_.store().remove(place);
    }

private:
    /// Empty for an unknown user. Contains a digest, because a region may use any text as a name.
    std::string user_key(std::string const& key, std::string const& user) const
    {
        if (user.empty()) return {};
        return key + " of user " + sha256_hex(user) + " in " +
               std::string(access_.console().transport().service().str());
    }

    access_tokens& access_;
};

}}} // namespace practicus::v1::detail
