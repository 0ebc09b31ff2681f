// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/user_identity.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/json_schema.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/shape_reader.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Wall-clock time; monotonic clocks are not comparable between processes.
using stored_time = std::chrono::sys_time<std::chrono::milliseconds>;

/// The prefix of a login's key.
inline constexpr std::string_view login_key = "login ";

/// The stored record of a token, of an id (its digits), or of a login with its refresh token.
struct store_record
{
    token value;
    /// The time of its request, and its lifetime from then on.
    stored_time issued_at{};
    std::chrono::milliseconds lifetime{0};
    token refresh;
    /// The region's name of the user, if known.
    std::string username;
    /// The e-mail of the login, if known.
    std::string login;
    /// The digests of the login's refresh tokens.
    refresh_token_history history;
};

/// Returns the user of the record's login, as far as it is known.
inline user_identity user_of(store_record const& v)
{
    user_identity result;
    result.name = v.username;
    result.email = v.login;
    result.learn(v.refresh.claims());
    result.learn(v.value.claims());
    return result;
}

inline secret write_stored(store_record const& v)
{
    wire_text out;
    console_api::append_member(out, "value", v.value.reveal());
    console_api::append_member(out, "born", std::to_string(v.issued_at.time_since_epoch().count()));
    console_api::append_member(out, "life", std::to_string(v.lifetime.count()));
    console_api::append_member(out, "refresh", v.refresh.reveal());
    console_api::append_member(out, "username", v.username);
    console_api::append_member(out, "login", v.login);
    if (!v.history.empty()) console_api::append_member(out, "lineage", v.history.text());
    out.append("}");
    return secret(out.view());
}

struct stored_texts
{
    wire_text value;
    std::string issued_at;
    std::string lifetime;
    wire_text refresh;
    std::string username;
    std::string login;
    std::string history;
};

inline constexpr json_member stored_members[] = {
    json_members<stored_texts>::required<&stored_texts::value>("value", json_type::secret),
    json_members<stored_texts>::required<&stored_texts::issued_at>("born", json_type::text),
    json_members<stored_texts>::required<&stored_texts::lifetime>("life", json_type::text),
    json_members<stored_texts>::required<&stored_texts::refresh>("refresh", json_type::secret),
    json_members<stored_texts>::required<&stored_texts::username>("username", json_type::text),
    json_members<stored_texts>::required<&stored_texts::login>("login", json_type::text),
    json_members<stored_texts>::optional<&stored_texts::history>("lineage", json_type::text),
};

// Ten years, and a time that the system clock can represent in nanoseconds, both in milliseconds.
inline constexpr std::int64_t longest_stored = 10LL * 366 * 24 * 3600 * 1000;
inline constexpr std::int64_t last_stored = 9'200'000'000LL * 1000;

/// Parses an unsigned integer; returns nothing for any other text.
inline std::optional<std::int64_t> stored_number(std::string_view text) noexcept
{
    std::int64_t value = 0;
    auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failed != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
    return value;
}

/// Parses a record. Returns nothing for malformed text.
inline std::optional<store_record> read_stored(secret const& text)
{
    if (text.empty()) return std::nullopt;
    try {
        auto const texts = read_object<stored_texts>(text.reveal(), json_schema{stored_members});
        store_record v;
        v.value = console_api::to_token(texts.value, "value");
        auto const issued_at = stored_number(texts.issued_at), lifetime = stored_number(texts.lifetime);
        if (!issued_at || !lifetime || *issued_at > last_stored || *lifetime > longest_stored)
            return std::nullopt;
        v.issued_at += std::chrono::milliseconds(*issued_at);
        v.lifetime = std::chrono::milliseconds(*lifetime);
        if (!texts.refresh.empty()) v.refresh = console_api::to_token(texts.refresh, "refresh");
        v.username = texts.username;
        v.login = texts.login;
        v.history = refresh_token_history(texts.history);
        v.history.add(v.refresh);
        return v;
    } catch (std::exception const&) {
        return std::nullopt;
    }
}

inline stored_time stored_now(clock const& time)
{
    return std::chrono::time_point_cast<std::chrono::milliseconds>(time.system_now());
}

// The refresh token of a login may be opaque, and its end unknown.
inline constexpr std::chrono::milliseconds unknown_life = std::chrono::hours(24 * 30);

/// Returns the time for which a record is of use, at most the longest one that a record can hold: until the
/// end of its token, or of its refresh token if that is later. A text that is no record has `unknown_life`.
inline std::chrono::milliseconds
remaining_life(std::optional<store_record> const& v,
               std::chrono::system_clock::time_point now = std::chrono::system_clock::now())
{
    using std::chrono::milliseconds;
    if (!v) return unknown_life;
    auto const time = std::chrono::time_point_cast<milliseconds>(now);
    auto result = v->lifetime - std::max(time - v->issued_at, milliseconds(0));
    if (v->refresh.empty()) return result;
    auto refresh = unknown_life;
    if (auto const end = v->refresh.expires_at())
        refresh = std::clamp(std::chrono::time_point_cast<milliseconds>(*end) - time, milliseconds(0),
                             milliseconds(longest_stored));
    return std::max(result, refresh);
}

/// Returns the lifespan by this process's clocks. A record from the future counts as expired, because its age
/// is unknown.
inline lifespan life_of_stored(store_record const& v, clock const& time, freshness_limits const& limits,
                               double random)
{
    auto const age = stored_now(time) - v.issued_at;
    if (age < age.zero()) return {};
    return {time.now() - std::min<std::chrono::milliseconds>(age, v.lifetime), v.lifetime, limits, random};
}

/// Limits a login from the future: it counts as issued now, and its access token as expired.
inline void bound_by(store_record& v, clock const& time)
{
    auto const now = stored_now(time);
    if (v.issued_at <= now) return;
    v.issued_at = now;
    v.lifetime = v.lifetime.zero();
}

/// Returns the store's record of a token.
inline store_record as_stored(token const& value, lifespan const& life, clock const& time)
{
    store_record v;
    v.value = value;
    auto const age = time.now() - life.issued_at();
    v.issued_at = std::chrono::time_point_cast<std::chrono::milliseconds>(time.system_now() - age);
    v.lifetime = std::chrono::duration_cast<std::chrono::milliseconds>(life.ends() - life.issued_at());
    return v;
}

}}} // namespace practicus::v1::detail
