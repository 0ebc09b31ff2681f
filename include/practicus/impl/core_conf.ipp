// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/login_lineage.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/region_store.hpp>
#include <practicus/detail/stored_value.hpp>
#include <practicus/options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>

namespace practicus::inline v1 {

namespace detail {

/// Writes what the region issued into the file, if that has what it replaces, or an older one: what somebody
/// else has brought meanwhile stays. From the path and the key on, for a coroutine that outlives who starts
/// it.
inline boost::asio::awaitable<void> keep_refresh_token(std::string path, std::string key,
                                                       std::shared_ptr<login_lineage> used, issued_tokens now)
{
    auto const token = now.refresh().value();
    auto const is_due = [&](core_conf const& conf) {
        auto const r = conf.find(key);
        bool const is_his = r.username().empty() || now.username().empty() || r.username() == now.username();
        return is_his && r.has_login() && !(r.login().value() == token) &&
               used->has(r.login().value().reveal());
    };
    // Most refreshes bring the same one, and the SDK, which locks nothing, may be writing.
    if (token.empty() || !is_due(core_conf(path))) co_return;
    std::function<void(core_conf&)> const change = [&](core_conf& conf) {
        if (is_due(conf)) conf.replace_refresh_token(key, token);
    };
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    while (!core_conf::try_update(path, change)) {
        timer.expires_after(std::chrono::milliseconds(20));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
    used->add(token.reveal());
}

/// The login that the file has now, as a store has it: without an access token, and as old as the file.
inline std::optional<stored_value> kept_login(std::string const& path, std::string const& key)
{
    posix_file const file(path, std::nothrow, O_RDONLY);
    if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file.is_open()) throw_file_error(path, "can not be opened");
    auto const changed = file.status().st_mtim;
    for (auto const& r : core_conf(path).regions()) {
        if (r.key() != key || !r.has_login()) continue;
        stored_value v;
        v.refresh = token(r.login().value());
        v.username = r.username();
        v.login = r.email();
        // There must be one; it is past its life.
        v.value = token(secret("none"));
        v.born = stored_time(std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::seconds(changed.tv_sec) + std::chrono::nanoseconds(changed.tv_nsec)));
        return v;
    }
    return std::nullopt;
}

/// Null where nothing can be shared.
inline std::shared_ptr<token_store> shared_tokens(std::string const& path, std::string const& key,
                                                  std::shared_ptr<login_lineage> used)
{
    try {
        return std::make_shared<region_store>(
            path, key, [path, key] { return kept_login(path, key); }, std::move(used));
    } catch (error const&) {
        return nullptr;
    }
}

} // namespace detail

PRACTICUS_DECL client_options region::options() const
{
    client_options result;
    result.credentials(login());
    if (kept_in_.empty()) return result;
    result.proxy(core_conf(kept_in_).proxy());
    auto const used = std::make_shared<detail::login_lineage>();
    used->add(login().value().reveal());
    result.on_tokens([path = kept_in_, key = key(), used](issued_tokens now) {
        return detail::keep_refresh_token(path, key, used, std::move(now));
    });
    result.store(detail::shared_tokens(kept_in_, key(), used));
    return result;
}

PRACTICUS_DECL void region::erase_tokens() const
{
    if (!kept_in_.empty()) detail::region_store::erase(kept_in_, key());
}

} // namespace practicus::inline v1
