// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>
#include <practicus/session_token_file.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail {

/// Returns the value of an environment variable; empty if it is not set.
inline std::string_view variable(char const* name) noexcept
{
    auto const* const value = std::getenv(name);
    return value != nullptr ? value : "";
}

/// The region of `PRT_URL`, with the environment's login if there is one. Throws `errc::invalid_url`, with
/// the variable's name, and `errc::invalid_credentials`.
inline std::optional<region> environment_region()
{
    auto const text = environment_url();
    if (text.empty()) return std::nullopt;
    try {
        service_url url(text);
        auto login = credentials_from_environment();
        auto email = login ? login->email() : std::string();
        region result(std::move(url), {}, std::move(email), std::move(login));
        result.typed_as(text);
        return result;
    } catch (error const& e) {
        if (e.code() != errc::invalid_url) throw;
        throw error(errc::invalid_url, "PRT_URL: " + e.info().message);
    }
}

/// The same if `is_meant(region)` and there is a login. A `PRT_URL` that is none is not meant.
template <class Predicate>
std::optional<region> environment_login(Predicate is_meant)
{
    try {
        if (!is_meant(region(service_url(environment_url()), {}, {}, {}))) return std::nullopt;
    } catch (error const&) {
        return std::nullopt;
    }
    auto result = environment_region();
    if (!result->has_login()) result.reset();
    return result;
}

/// Returns true if `core.conf` has a region with a url that begins the target and is longer than that. The
/// environment's login needs no file: one that cannot be read has none.
inline bool is_longer_kept(std::string_view target, std::size_t than)
{
    try {
        auto const all = core_conf().regions();
        return std::any_of(all.begin(), all.end(), [&](region const& one) {
            return one.url().str().size() > than && target.starts_with(one.url().str());
        });
    } catch (error const&) {
        return false;
    }
}

} // namespace detail

PRACTICUS_DECL std::string environment_url()
{
    return std::string(detail::trimmed(detail::variable("PRT_URL")));
}

PRACTICUS_DECL std::optional<credentials> credentials_from_environment()
{
    auto const token = detail::variable("PRT_TOKEN");
    if (!detail::trimmed(token).empty()) return credentials::token(token);
    auto const session_token = detail::variable("PRT_SESSION_TOKEN");
    if (!detail::trimmed(session_token).empty()) return credentials::session_token(session_token);
    auto const file = detail::variable("PRT_SESSION_TOKEN_FILE");
    if (!detail::trimmed(file).empty()) return session_token_file(std::string(file));
    auto const email = detail::variable("PRT_EMAIL");
    auto const password = detail::without_line_end(detail::variable("PRT_PASSWORD"));
    if (detail::trimmed(email).empty() || password.empty()) return std::nullopt;
    return credentials::password(email, password);
}

PRACTICUS_DECL std::optional<region> region_from_environment()
{
    auto result = detail::environment_region();
    if (result && !result->has_login()) return core_conf().choose(result->url().str());
    return result;
}

PRACTICUS_DECL region default_region()
{
    if (auto r = region_from_environment()) return *std::move(r);
    return core_conf().default_region();
}

PRACTICUS_DECL region find_region(std::string_view name)
{
    auto r = detail::environment_login(
        [&](region const& one) { return one.match_of(name) >= region::match::region; });
    if (r) return *std::move(r);
    return core_conf().choose(name);
}

PRACTICUS_DECL region find_region_serving(std::string_view url)
{
    auto const target = model_url(url).str();
    auto r =
        detail::environment_login([&](region const& one) { return target.starts_with(one.url().str()); });
    if (r && !detail::is_longer_kept(target, r->url().str().size())) return *std::move(r);
    return core_conf().find_serving(url);
}

}} // namespace practicus::v1
