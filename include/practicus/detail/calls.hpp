// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/detail/session.hpp>
#include <practicus/detail/wire.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

/// The operations of a client, one short coroutine each. They run in the client's context and hold its
/// handle.
namespace practicus::inline v1::detail {

/// What the copies of a client and their operations hold together: when the last is gone, nobody is left to
/// wait for anything.
class client_handle
{
public:
    explicit client_handle(std::shared_ptr<session> state) : state_(std::move(state)) {}
    client_handle(client_handle const&) = delete;
    client_handle& operator=(client_handle const&) = delete;
    ~client_handle() { state_->close(); }

    session& state() const noexcept { return *state_; }

private:
    std::shared_ptr<session> state_;
};

/// A handle, and what the calls made through it do differently.
class handle
{
public:
    explicit handle(std::shared_ptr<client_handle> held) : held_(std::move(held)) {}
    handle(handle const& other, call_options with)
        : held_(other.held_), with_(std::make_shared<call_options const>(std::move(with)))
    {}

    session& state() const noexcept { return held_->state(); }
    operation begin() const { return state().begin(with_); }

    /// May be null.
    std::shared_ptr<call_options const> const& with() const noexcept { return with_; }

    /// How long a token must still live, if it was said.
    std::optional<std::chrono::nanoseconds> validity() const noexcept
    {
        if (!with_ || !with_->min_validity()) return std::nullopt;
        return *with_->min_validity();
    }

private:
    std::shared_ptr<client_handle> held_;
    std::shared_ptr<call_options const> with_;
};

inline handle make_handle(asio::any_io_executor executor, service_url service, client_options options)
{
    auto home = runtime::make(std::move(executor));
    auto state = std::make_shared<session>(std::move(home), std::move(service), std::move(options));
    return handle(std::make_shared<client_handle>(std::move(state)));
}

inline asio::awaitable<void> login(handle h, credentials who)
{
    co_await h.state().login(h.begin(), std::move(who));
}

inline asio::awaitable<void> refresh(handle h)
{
    co_await h.state().refresh(h.begin());
}

/// `GET` of something that `read(body)` understands.
template <class Read>
auto get(handle h, std::string_view path, std::size_t body_limit, Read read)
    -> asio::awaitable<decltype(read(std::string_view()))>
{
    auto& s = h.state();
    auto op = h.begin();
    auto const r = wire::get(s.service(), path, body_limit);
    response answer;
    co_await s.call(op, r, answer);
    co_return s.read_answer(op, r, answer, read);
}

/// `GET` of an array.
template <class T, T (*Read)(json_reader const&)>
asio::awaitable<std::vector<T>> listing(handle h, std::string_view path)
{
    auto const limit = h.state().limits().listing_body();
    return get(std::move(h), path, limit,
               [](std::string_view body) { return wire::read_list<T>(body, Read); });
}

inline asio::awaitable<cluster_info> cluster(handle h)
{
    auto const limit = h.state().limits().console_body();
    return get(std::move(h), "central/clusterdefinition/", limit, wire::read_cluster);
}

inline asio::awaitable<std::vector<model_prefix>> model_prefixes(handle h)
{
    return listing<model_prefix, wire::read_model_prefix>(std::move(h), "modelhost/model-prefixes/");
}

inline asio::awaitable<std::vector<model_deployment>> model_deployments(handle h)
{
    return listing<model_deployment, wire::read_deployment>(std::move(h), "modelhost/model-deployments/");
}

inline asio::awaitable<std::vector<app_prefix>> app_prefixes(handle h)
{
    return listing<app_prefix, wire::read_app_prefix>(std::move(h), "apphost/app-prefixes/");
}

/// Asks the model's service; `read(response)`.
template <class Read>
auto ask_model(session& s, operation& op, model_url const& url, Read read)
    -> asio::awaitable<decltype(read(std::declval<response const&>()))>
{
    auto const r = wire::metadata(url, s.limits().console_body());
    response answer;
    co_await s.call(op, r, answer);
    co_return s.explain(op, r, answer, [&] { return read(answer); });
}

inline asio::awaitable<practicus::model_metadata> model_metadata(handle h, model_url url)
{
    auto op = h.begin();
    co_return co_await ask_model(h.state(), op, url, wire::read_metadata);
}

inline request id_request(session& s, model_url const& url)
{
    return wire::metadata(url, s.limits().console_body());
}

inline request id_request(session& s, app_url const& url)
{
    return wire::app_metadata(url, s.limits().console_body());
}

/// The model's id as its service tells it.
inline asio::awaitable<std::int64_t> ask_id(session& s, operation& op, model_url const& url)
{
    return ask_model(s, op, url, wire::read_model_id);
}

/// The app's id likewise.
inline asio::awaitable<std::int64_t> ask_id(session& s, operation& op, app_url const& url)
{
    auto const r = id_request(s, url);
    response answer;
    co_await s.call(op, r, answer);
    co_return s.read_answer(op, r, answer, wire::read_app_id);
}

inline token_cache& cache_for(session& s, model_url const&) noexcept
{
    return s.models();
}

inline token_cache& cache_for(session& s, app_url const&) noexcept
{
    return s.apps();
}

inline request trade_for(session& s, model_url const&, token_key const& key)
{
    return wire::model_session(s.service(), key.id, key.purpose, s.limits().console_body());
}

inline request trade_for(session& s, app_url const&, token_key const& key)
{
    return wire::app_session(s.service(), key.id, key.purpose, s.limits().console_body());
}

inline constexpr char const* kind_of(model_url const&) noexcept
{
    return "session";
}

inline constexpr char const* kind_of(app_url const&) noexcept
{
    return "app";
}

/// Under which a store keeps it.
template <class Url>
std::string id_key(Url const& url)
{
    return std::string(kind_of(url)) + " id of " + std::string(url.without_version());
}

template <class Url>
std::string token_store_key(Url const& url, token_key const& key)
{
    return std::string(kind_of(url)) + " token " + std::to_string(key.id) +
           (key.purpose == token_purpose::upload ? " for upload" : "");
}

/// A flight that finds out an id.
template <class Url>
asio::awaitable<brought<token_cache::id_handle>> fetch_id(std::shared_ptr<session> s,
                                                          std::shared_ptr<call_options const> with, Url url)
{
    // In a store, an id is kept as its digits.
    operation_body<brought<token>> const fetch = [&]() -> asio::awaitable<brought<token>> {
        auto op = s->begin_shared(with);
        brought<token> digits;
        auto const id = co_await ask_id(*s, op, url);
        digits.value = token(secret(std::to_string(id)));
        digits.life = token_cache::state_type::life_of_id(s->home()->time().now());
        co_return digits;
    };
    auto const got = co_await s->shared(id_key(url), model_id_limits, token(), fetch);
    brought<token_cache::id_handle> result;
    result.value = std::stoll(std::string(got.value.reveal()));
    result.life = got.life;
    co_return result;
}

/// A flight that trades an id for a token.
template <class Url>
asio::awaitable<brought<token>> fetch_token(std::shared_ptr<session> s,
                                            std::shared_ptr<call_options const> with, Url url, token_key key,
                                            token unwanted)
{
    operation_body<brought<token>> const fetch = [&]() -> asio::awaitable<brought<token>> {
        auto op = s->begin_shared(with);
        auto const r = trade_for(*s, url, key);
        auto const issued = s->home()->time().now();
        response answer;
        co_await s->call(op, r, answer);
        brought<token> got;
        got.value = s->read_answer(op, r, answer, wire::read_session_token);
        got.life = lifespan(issued, remaining_life(got.value.claims(), parse_http_date(answer.date)),
                            session_token_limits, s->home()->random().next());
        if (got.life.has_ended(s->home()->time().now()))
            s->explain(op, r, answer, [] { throw error(errc::expired_token); });
        co_return got;
    };
    operation_body<brought<token>> const told = [&] { return s->observed(kind_of(url), fetch); };
    brought<token> got;
    std::shared_ptr<error_info const> failure;
    try {
        got = co_await s->shared(token_store_key(url, key), session_token_limits, std::move(unwanted), told);
    } catch (...) {
        failure = current_error_info();
    }
    if (failure && failure->code == errc::not_found) co_await s->unshare(id_key(url));
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

template <class Url>
flight_work<token> token_work(session& s, std::shared_ptr<call_options const> with, Url const& url,
                              token_key const& key)
{
    return [self = s.shared_from_this(), with = std::move(with), url, key](flight_ticket, token unwanted) {
        return fetch_token(self, with, url, key, std::move(unwanted));
    };
}

template <class Url>
asio::awaitable<std::int64_t> id_of(session& s, operation& op, Url const& url)
{
    // Before anybody else's answer: what this caller does not trust, it does not get by another's trust.
    s.check_trusted(op, id_request(s, url));
    auto const a = cache_for(s, url).ask_id(url.without_version(), [&] { return id_work(s, op.with, url); });
    auto id = a.served();
    if (!id) id = co_await flight<token_cache::id_handle>::join(a.joined, s.home()->limits(), op.deadline);
    co_return *id;
}

inline asio::awaitable<std::int64_t> model_id(handle h, model_url url)
{
    auto op = h.begin();
    co_return co_await id_of(h.state(), op, url);
}

/// A session token that this thread does not have.
template <class Url>
asio::awaitable<token> session_token(handle h, Url url, token_purpose purpose)
{
    auto& s = h.state();
    auto& cache = cache_for(s, url);
    auto op = h.begin();
    auto const name = url.without_version();
    bool remembered = cache.known_id(name).has_value() || s.uses_store();
    while (true) {
        token_key key;
        key.id = co_await id_of(s, op, url);
        key.purpose = purpose;
        auto const a =
            cache.ask_token(key, name, op.validity(), [&] { return token_work(s, op.with, url, key); });
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

/// A hit.
inline asio::awaitable<token> ready(token value)
{
    co_return value;
}

/// Starts the renewal of a token that is handed out meanwhile, unless that is under way.
template <class Url>
void renew_behind(handle const& h, Url const& url, token_purpose purpose)
{
    auto& s = h.state();
    auto& cache = cache_for(s, url);
    auto const id = cache.known_id(url.without_version());
    if (!id) return;
    token_key key;
    key.id = *id;
    key.purpose = purpose;
    cache.ask_token(key, url.without_version(), std::nullopt,
                    [&] { return token_work(s, h.with(), url, key); });
}

/// This thread's token, or none.
template <class Url>
token_cache::found look_up(handle const& h, Url const& url, token_purpose purpose)
{
    auto& s = h.state();
    if (s.home()->is_closed()) return {};
    auto found = cache_for(s, url).find(url.without_version(), purpose, h.validity());
    if (found.renew) renew_behind(h, url, purpose);
    return found;
}

/// A service refused the token.
template <class Url>
bool invalidate(session& s, Url const& url, token const& refused, token_purpose purpose)
{
    auto const why = error(errc::unauthorized, "the service refused the tokens that the region issued");
    return cache_for(s, url).refused(url.without_version(), purpose, refused, why.shared_info());
}

/// The ids of a listing, for as many as there is room for.
template <class Url, class Entry>
void prime(session& s, token_cache& cache, std::vector<Entry> const& listed)
{
    std::vector<std::pair<std::string, std::int64_t>> names;
    for (auto const& entry : listed) {
        if (names.size() == cache.capacity()) break;
        try {
            Url const url(s.service(), entry.prefix.prefix, entry.name);
            names.emplace_back(url.without_version(), entry.id);
        } catch (error const&) {
            // A name that makes no url: nobody can ask for it.
        }
    }
    cache.prime(names);
}

inline asio::awaitable<std::vector<model>> models(handle h)
{
    auto listed = co_await listing<model, wire::read_model>(h, "modelhost/models/");
    prime<model_url>(h.state(), h.state().models(), listed);
    co_return listed;
}

inline asio::awaitable<std::vector<app>> apps(handle h)
{
    auto listed = co_await listing<app, wire::read_app>(h, "apphost/apps/");
    prime<app_url>(h.state(), h.state().apps(), listed);
    co_return listed;
}

} // namespace practicus::inline v1::detail
