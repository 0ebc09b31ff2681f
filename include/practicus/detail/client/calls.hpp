// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/client/checked_options.hpp>
#include <practicus/detail/client/handle.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/tokens/session.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/listing_schemas.hpp>
#include <practicus/detail/wire/shape_reader.hpp>
#include <practicus/options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The operations of a client. They run in the client's context; the handle and what else they refer to,
/// their caller keeps until they have ended.
namespace practicus { inline namespace v1 { namespace detail {

inline handle make_handle(asio::any_io_executor executor, service_url service, client_options options)
{
    auto runtime = client_runtime::make(std::move(executor));
    auto state =
        std::make_shared<session>(std::move(runtime), std::move(service), checked(std::move(options)));
    return handle(std::make_shared<client_handle>(std::move(state)));
}

inline asio::awaitable<result<nothing>> login(handle const& h, credentials user)
{
    if (auto failed = co_await h.state().access().login(h.begin(), std::move(user))) co_return failed;
    co_return nothing();
}

inline asio::awaitable<result<nothing>> login_by_password(handle const& h, std::string const& email,
                                                          secret const& password)
{
    auto user = credentials::password(email, password.reveal());
    if (auto failed = co_await h.state().access().login(h.begin(), std::move(user))) co_return failed;
    co_return nothing();
}

inline asio::awaitable<result<nothing>> refresh(handle const& h)
{
    auto const got = co_await h.state().access().access(h.begin(), true);
    if (!got) co_return got.error();
    co_return nothing();
}

/// `GET` of an array, which is read as it comes.
template <class T>
asio::awaitable<result<std::vector<T>>> listing(handle const& h, std::string_view path,
                                                json_schema const& shape)
{
    auto& s = h.state();
    auto op = h.begin();
    auto r = console_api::get(s.transport().service(), path, s.transport().options().limits.listing_body);
    r.body_limit_name = "limit_options::listing_body";
    r.secret_response = false;
    list_reader<T> reader(shape, s.transport().options().strict_listings);
    body_pipeline flow(reader, r.body_limit);
    response answer;
    if (auto failed = co_await s.access().call(op, r, answer, &flow)) co_return failed;
    auto listed = s.console().with_error_context(op, r, answer, [&] { return reader.result(); });
    if (auto const& lost = reader.left_out(); lost.count != 0 && s.transport().observer())
        s.transport().observer()(events::entries_left_out{r.name(), lost.count, lost.index, lost.reason});
    co_return listed;
}

inline asio::awaitable<result<cluster_info>> cluster(handle const& h)
{
    auto& s = h.state();
    auto op = h.begin();
    auto const r = console_api::get(s.transport().service(), "central/clusterdefinition/",
                                    s.transport().options().limits.console_body);
    response answer;
    if (auto failed = co_await s.access().call(op, r, answer)) co_return failed;
    co_return s.console().read_answer(op, r, answer, console_api::read_cluster);
}

inline asio::awaitable<result<std::vector<model_prefix>>> model_prefixes(handle const& h)
{
    return listing<model_prefix>(h, "modelhost/model-prefixes/", console_api::model_prefix_shape);
}

inline asio::awaitable<result<std::vector<model_deployment>>> model_deployments(handle const& h)
{
    return listing<model_deployment>(h, "modelhost/model-deployments/", console_api::deployment_shape);
}

inline asio::awaitable<result<std::vector<app_prefix>>> app_prefixes(handle const& h)
{
    return listing<app_prefix>(h, "apphost/app-prefixes/", console_api::app_prefix_shape);
}

inline asio::awaitable<result<std::vector<addon>>> addons(handle const& h)
{
    return listing<addon>(h, "externalservice/externalservices/", console_api::addon_shape);
}

inline asio::awaitable<result<practicus::model_metadata>> model_metadata(handle const& h,
                                                                         model_url const& url)
{
    auto& s = h.state();
    auto op = h.begin();
    auto const r = s.models().id_request(url);
    response answer;
    if (auto failed = co_await s.access().call(op, r, answer)) co_return failed;
    co_return s.console().with_error_context(op, r, answer,
                                             [&] { return console_api::read_metadata(answer); });
}

inline asio::awaitable<result<std::int64_t>> model_id(handle const& h, model_url const& url)
{
    auto op = h.begin();
    co_return co_await h.state().models().id(op, url);
}

template <class Target>
asio::awaitable<result<token>> session_token(handle const& h, Target const& what, token_purpose purpose)
{
    auto op = h.begin();
    co_return co_await h.state().tokens_of(what).fetch(std::move(op), what, purpose);
}

inline asio::awaitable<result<token>> addon_token(handle const& h, std::string const& addon)
{
    console_api::addon_key const key(addon);
    co_return co_await session_token(h, key, token_purpose::predict);
}

/// A hit.
template <class T>
asio::awaitable<T> ready(T value)
{
    co_return value;
}

/// Returns this thread's token, or an empty one.
template <class Target>
token look_up(handle const& h, Target const& what, token_purpose purpose)
{
    return h.state().tokens_of(what).find(what, purpose, h.with(), h.validity());
}

inline asio::awaitable<result<std::vector<model>>> models(handle const& h)
{
    auto listed = co_await listing<model>(h, "modelhost/models/", console_api::model_shape);
    if (listed) h.state().models().prime(*listed);
    co_return listed;
}

inline asio::awaitable<result<std::vector<app>>> apps(handle const& h)
{
    auto listed = co_await listing<app>(h, "apphost/apps/", console_api::app_shape);
    if (listed) h.state().apps().prime(*listed);
    co_return listed;
}

}}} // namespace practicus::v1::detail
