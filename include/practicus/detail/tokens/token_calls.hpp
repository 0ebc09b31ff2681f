// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/tokens/session.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/token_cache.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// From a url to an id to a token, for models and apps, and from a key to a token, for add-ons: the flights
/// that fetch them, and their waiters.
namespace practicus { inline namespace v1 { namespace detail {

/// What there are tokens for, and how they are asked for: `model_url`, `app_url`, `wire::addon_key`. `kind`
/// is the one of `events::token_fetched`.
template <class Target>
struct token_target;

template <>
struct token_target<model_url>
{
    static constexpr char const* kind = "session";
    static constexpr bool has_id = true;

    static token_cache& cache(session& s) noexcept { return s.models(); }
    static std::string_view name(model_url const& url) noexcept { return url.without_version(); }
    static request ask_token(session& s, model_url const&, token_key const& key)
    {
        return console_api::model_session(s.service(), key.id, key.purpose, s.limits().console_body());
    }
};

template <>
struct token_target<app_url>
{
    static constexpr char const* kind = "app";
    static constexpr bool has_id = true;

    static token_cache& cache(session& s) noexcept { return s.apps(); }
    static std::string_view name(app_url const& url) noexcept { return url.without_version(); }
    static request ask_token(session& s, app_url const&, token_key const& key)
    {
        return console_api::app_session(s.service(), key.id, key.purpose, s.limits().console_body());
    }
};

template <>
struct token_target<console_api::addon_key>
{
    static constexpr char const* kind = "addon";
    static constexpr bool has_id = false;

    static token_cache& cache(session& s) noexcept { return s.addons(); }
    static std::string_view name(console_api::addon_key const& addon) noexcept { return addon.text(); }
    static request ask_token(session& s, console_api::addon_key const& addon, token_key const&)
    {
        return console_api::addon_session(s.service(), addon, s.limits().console_body());
    }
};

/// The url as a listing has it: its name ends where the longest listed beginning of its text does.
template <class Url>
Url as_listed(session& s, Url const& url)
{
    if (url.is_exact()) return url;
    auto& cache = token_target<Url>::cache(s);
    std::string whole;
    auto text = url.without_version();
    if (cache.has_long_names()) {
        whole = url.str();
        if (!whole.ends_with('/')) whole += '/';
        text = whole;
    }
    auto const size = cache.listed_part(text);
    return size == 0 || size == url.without_version().size() ? url : url.read_as(text.substr(0, size));
}

/// The url if a listing has it with a longer name, which is then what ids and tokens are kept under. (Under a
/// shorter one they may be kept as well.)
template <class Target>
std::optional<Target> with_long_name(session& s, Target const& what)
{
    if constexpr (token_target<Target>::has_id) {
        if (!token_target<Target>::cache(s).has_long_names()) return std::nullopt;
        auto listed = as_listed(s, what);
        if (listed.without_version().size() > what.without_version().size()) return listed;
    }
    return std::nullopt;
}

inline request id_request(session& s, model_url const& url)
{
    return console_api::metadata(as_listed(s, url), s.limits().console_body());
}

inline request id_request(session& s, app_url const& url)
{
    return console_api::app_metadata(as_listed(s, url), s.limits().console_body());
}

/// The model's id as its service tells it: in the head, whatever the metadata are.
inline asio::awaitable<std::int64_t> ask_id(session& s, operation& op, model_url const& url)
{
    auto r = id_request(s, url);
    r.body_limit = s.limits().listing_body();
    r.body_limit_name = "limit_options::listing_body";
    body_pipeline flow(r.body_limit);
    response answer;
    co_await s.call(op, r, answer, &flow);
    co_return s.explain(op, r, answer, [&] { return console_api::read_model_id(answer); });
}

/// The app's id likewise.
inline asio::awaitable<std::int64_t> ask_id(session& s, operation& op, app_url const& url)
{
    auto const r = id_request(s, url);
    response answer;
    co_await s.call(op, r, answer);
    co_return s.read_answer(op, r, answer, console_api::read_app_id);
}

/// Under which a store keeps it.
template <class Url>
std::string id_key(Url const& url)
{
    return std::string(token_target<Url>::kind) + " id of " + std::string(url.without_version());
}

template <class Target>
std::string token_store_key(token_key const& key)
{
    using target = token_target<Target>;
    return std::string(target::kind) + " token " + (target::has_id ? std::to_string(key.id) : key.name) +
           (key.purpose == token_purpose::upload ? " for upload" : "");
}

template <class Url>
asio::awaitable<std::int64_t> id_of(session& s, operation& op, Url const& url);

/// A flight that finds out an id. A text that begins with a listed url gets that one's id.
template <class Url>
asio::awaitable<fetch_result<token_cache::id_handle>>
fetch_id(std::shared_ptr<session> s, std::shared_ptr<call_options const> with, Url url)
{
    auto const listed = as_listed(*s, url);
    if (listed.without_version().size() < url.without_version().size()) {
        auto op = s->begin_shared(with);
        fetch_result<token_cache::id_handle> known;
        known.value = co_await id_of(*s, op, listed);
        known.life = token_cache::state_type::life_of_id(s->home()->time().now());
        co_return known;
    }
    // What others wait for under this name, whatever longer one is listed by now.
    auto const own = url.is_exact() ? url : url.read_as(url.without_version());
    // In a store, an id is kept as its digits.
    operation_body<fetch_result<token>> const fetch = [&]() -> asio::awaitable<fetch_result<token>> {
        auto op = s->begin_shared(with);
        fetch_result<token> digits;
        auto const id = co_await ask_id(*s, op, own);
        digits.value = token(secret(std::to_string(id)));
        digits.life = token_cache::state_type::life_of_id(s->home()->time().now());
        co_return digits;
    };
    std::function<bool(token const&)> const is_id = [](token const& t) {
        return stored_number(t.reveal()).value_or(0) != 0;
    };
    auto const got = co_await s->shared(id_key(url), model_id_limits, token(), is_id, fetch);
    fetch_result<token_cache::id_handle> result;
    result.value = stored_number(got.value.reveal());
    result.life = got.life;
    co_return result;
}

/// A flight that trades an id, or an add-on's key, for a token.
template <class Target>
asio::awaitable<fetch_result<token>> fetch_token(std::shared_ptr<session> s,
                                                 std::shared_ptr<call_options const> with, Target what,
                                                 token_key key, token rejected_value)
{
    operation_body<fetch_result<token>> const fetch = [&]() -> asio::awaitable<fetch_result<token>> {
        auto op = s->begin_shared(with);
        auto const r = token_target<Target>::ask_token(*s, what, key);
        auto const& time = s->home()->time();
        auto const issued = time.now();
        auto const here = time.system_seconds();
        response answer;
        co_await s->call(op, r, answer);
        fetch_result<token> got;
        got.value = s->read_answer(op, r, answer, console_api::read_session_token);
        got.life = lifespan(issued, remaining_life(got.value.claims(), parse_http_date(answer.date), here),
                            session_token_limits, s->home()->random().next());
        if (got.life.has_ended(time.now()))
            s->explain(op, r, answer, [] { throw error(errc::expired_token); });
        co_return got;
    };
    operation_body<fetch_result<token>> const told = [&] {
        return s->observed(token_target<Target>::kind, fetch);
    };
    fetch_result<token> got;
    std::shared_ptr<error_info const> failure;
    try {
        std::function<bool(token const&)> const any = [](token const&) { return true; };
        got = co_await s->shared(token_store_key<Target>(key), session_token_limits,
                                 std::move(rejected_value), any, told);
    } catch (...) {
        failure = current_error_info();
    }
    if constexpr (token_target<Target>::has_id)
        if (failure && failure->code == errc::not_found) co_await s->unshare(id_key(as_listed(*s, what)));
    if (failure) throw error(std::move(failure));
    co_return got;
}

template <class Url>
flight_work<token_cache::id_handle> id_work(session& s, std::shared_ptr<call_options const> with,
                                            Url const& url)
{
    return [self = s.shared_from_this(), with = std::move(with), url](flight_ticket, token_cache::id_handle) {
        return fetch_id(self, with, url);
    };
}

template <class Target>
flight_work<token> token_work(session& s, std::shared_ptr<call_options const> with, Target const& what,
                              token_key const& key)
{
    return [self = s.shared_from_this(), with = std::move(with), what, key](flight_ticket,
                                                                            token rejected_value) {
        return fetch_token(self, with, what, key, std::move(rejected_value));
    };
}

template <class Url>
asio::awaitable<std::int64_t> id_of(session& s, operation& op, Url const& asked)
{
    auto const longer = with_long_name(s, asked);
    auto const& url = longer ? *longer : asked;
    // Before anybody else's answer: what this caller does not trust, it does not get by another's trust.
    s.check_trusted(op, id_request(s, url));
    if (op.with && op.with->asks_id() && !op.shared) co_return co_await ask_id(s, op, url);
    auto const a =
        token_target<Url>::cache(s).ask_id(url.without_version(), [&] { return id_work(s, op.with, url); });
    auto id = a.served();
    if (!id) id = co_await flight<token_cache::id_handle>::join(a.joined, s.home()->limits(), op.deadline);
    co_return *id;
}

/// A session token that this thread does not have.
template <class Target>
asio::awaitable<token> token_of(session& s, operation op, Target const& asked, token_purpose purpose)
{
    using target = token_target<Target>;
    auto const longer = with_long_name(s, asked);
    auto const& what = longer ? *longer : asked;
    auto& cache = target::cache(s);
    auto const name = target::name(what);
    bool remembered = target::has_id && (cache.known_key(name, purpose).has_value() || s.uses_store());
    while (true) {
        token_key key;
        key.purpose = purpose;
        if constexpr (target::has_id)
            key.id = co_await id_of(s, op, what);
        else
            key.name = name;
        auto const a =
            cache.ask_token(key, name, op.validity(), [&] { return token_work(s, op.with, what, key); });
        auto result = a.served();
        std::shared_ptr<error_info const> failure;
        try {
            if (!result) result = co_await flight<token>::join(a.joined, s.home()->limits(), op.deadline);
        } catch (...) {
            failure = current_error_info();
        }
        // The model may have another id by now: once more, with the one that its service tells.
        if (failure && failure->code == errc::not_found && std::exchange(remembered, false)) continue;
        if (failure) throw error(std::move(failure));
        cache.install(key, name, result);
        co_return result;
    }
}

/// A service refused the token.
template <class Target>
bool invalidate(session& s, Target const& what, token const& refused, token_purpose purpose)
{
    auto const why = error(errc::unauthorized, "the service refused the tokens that the region issued");
    using target = token_target<Target>;
    auto const longer = with_long_name(s, what);
    auto const name = target::name(longer ? *longer : what);
    return target::cache(s).refused(name, purpose, refused, why.shared_info());
}

/// Returns true if the name of the same text alone ends earlier.
template <class Url>
bool is_cut_as_text(Url const& url)
{
    auto const root = url.origin().str().size() + 1;
    auto const read = find_name(url.str(), root, std::is_same_v<Url, app_url>);
    return read.name_end < url.without_version().size();
}

/// The ids of a listing, for as many as there is room for.
template <class Url, class Entry>
void prime(session& s, std::vector<Entry> const& listed)
{
    auto& cache = token_target<Url>::cache(s);
    std::vector<std::pair<std::string, std::int64_t>> names;
    bool long_names = false;
    for (auto const& entry : listed) {
        if (names.size() == cache.capacity()) break;
        try {
            Url const url(s.service(), entry.prefix.prefix, entry.name);
            names.emplace_back(url.without_version(), entry.id);
            long_names = long_names || is_cut_as_text(url);
        } catch (error const&) {
            // A name that makes no url: nobody can ask for it.
        }
    }
    cache.prime(names, long_names);
}

}}} // namespace practicus::v1::detail
