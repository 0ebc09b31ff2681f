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

inline asio::awaitable<std::vector<model>> models(handle h)
{
    return listing<model, wire::read_model>(std::move(h), "modelhost/models/");
}

inline asio::awaitable<std::vector<model_deployment>> model_deployments(handle h)
{
    return listing<model_deployment, wire::read_deployment>(std::move(h), "modelhost/model-deployments/");
}

inline asio::awaitable<std::vector<app_prefix>> app_prefixes(handle h)
{
    return listing<app_prefix, wire::read_app_prefix>(std::move(h), "apphost/app-prefixes/");
}

inline asio::awaitable<std::vector<app>> apps(handle h)
{
    return listing<app, wire::read_app>(std::move(h), "apphost/apps/");
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

inline asio::awaitable<std::int64_t> model_id(handle h, model_url url)
{
    auto op = h.begin();
    co_return co_await ask_model(h.state(), op, url, wire::read_model_id);
}

inline asio::awaitable<practicus::model_metadata> model_metadata(handle h, model_url url)
{
    auto op = h.begin();
    co_return co_await ask_model(h.state(), op, url, wire::read_metadata);
}

/// Trades an id for a token.
inline asio::awaitable<token> trade(session& s, std::string_view kind, operation& op, request const& r)
{
    operation_body<token> const fetch = [&]() -> asio::awaitable<token> {
        response answer;
        co_await s.call(op, r, answer);
        co_return s.read_answer(op, r, answer, wire::read_session_token);
    };
    co_return co_await s.observed(kind, fetch);
}

inline asio::awaitable<token> model_session_token(handle h, model_url url, token_purpose purpose)
{
    auto& s = h.state();
    auto op = h.begin();
    auto const id = co_await ask_model(s, op, url, wire::read_model_id);
    auto const r = wire::model_session(s.service(), id, purpose, s.limits().console_body());
    co_return co_await trade(s, "session", op, r);
}

inline asio::awaitable<token> app_session_token(handle h, app_url url, token_purpose purpose)
{
    auto& s = h.state();
    auto op = h.begin();
    auto const asked = wire::app_metadata(url, s.limits().console_body());
    response answer;
    co_await s.call(op, asked, answer);
    auto const id = s.read_answer(op, asked, answer, wire::read_app_id);
    auto const r = wire::app_session(s.service(), id, purpose, s.limits().console_body());
    co_return co_await trade(s, "app", op, r);
}

} // namespace practicus::inline v1::detail
