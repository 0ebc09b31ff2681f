// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/client.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/detail/batch/batch_run.hpp>
#include <practicus/detail/client/calls.hpp>
#include <practicus/detail/client/prediction_call.hpp>

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

namespace detail {

PRACTICUS_DECL client_handle::~client_handle()
{
    state_->transport().close();
}

PRACTICUS_DECL operation handle::begin() const
{
    return state().transport().begin(with_);
}

PRACTICUS_DECL operation handle::begin_unlimited() const
{
    return state().transport().begin(with_, std::chrono::milliseconds(0));
}

/// Not a coroutine: the arguments are taken over here, before anything is awaited.
template <class T, class Call, class... Args>
asio::awaitable<T> start(handle const& h, parting leaves, Call call, Args... args)
{
    return run_operation<T>(
        h.state().transport().home(),
        [h, call, ... as = std::move(args)]() mutable { return call(h, std::move(as)...); }, leaves);
}

template <class T, class Call, class... Args>
asio::awaitable<T> start(handle const& h, Call call, Args... args)
{
    return start<T>(h, parting::at_once, call, std::move(args)...);
}

PRACTICUS_DECL asio::awaitable<prediction> start_prediction(handle const& h,
                                                            std::shared_ptr<prediction_input> in)
{
    auto const leaves = in->source || in->options.sink() ? parting::with_operation : parting::at_once;
    return start<prediction>(h, leaves, predict, std::move(in));
}

/// A hit is ready; only a miss becomes an operation.
template <class Url>
asio::awaitable<token> token_of(handle const& h, Url const& url, token_purpose purpose)
{
    auto found = look_up(h, url, purpose);
    if (found) return ready(std::move(found));
    return start<token>(h, session_token<Url>, url, purpose);
}

PRACTICUS_DECL transport& transport_of(client const& of) noexcept
{
    return of.handle_.state().transport();
}

} // namespace detail

PRACTICUS_DECL client::client(boost::asio::any_io_executor executor, practicus::service_url service,
                              client_options options)
    : handle_(detail::make_handle(std::move(executor), std::move(service), std::move(options)))
{}

PRACTICUS_DECL client client::with(call_options options) const
{
    return client(detail::handle(handle_, std::move(options)));
}

PRACTICUS_DECL client::awaitable<void> client::login(std::string email, std::string password) const
{
    auto who = credentials::password(email, password);
    detail::wipe(password.data(), password.size());
    return login(std::move(who));
}

PRACTICUS_DECL client::awaitable<void> client::login(credentials who) const
{
    return detail::start<void>(handle_, detail::login, std::move(who));
}

PRACTICUS_DECL client::awaitable<void> client::refresh() const
{
    return detail::start<void>(handle_, detail::refresh);
}

PRACTICUS_DECL void client::logout() const
{
    handle_.state().access().logout();
}

PRACTICUS_DECL std::string client::username() const
{
    return handle_.state().access().current().username();
}

PRACTICUS_DECL client::awaitable<cluster_info> client::cluster() const
{
    return detail::start<cluster_info>(handle_, detail::cluster);
}

PRACTICUS_DECL client::awaitable<std::vector<model_prefix>> client::model_prefixes() const
{
    return detail::start<std::vector<model_prefix>>(handle_, detail::model_prefixes);
}

PRACTICUS_DECL client::awaitable<std::vector<model>> client::models() const
{
    return detail::start<std::vector<model>>(handle_, detail::models);
}

PRACTICUS_DECL client::awaitable<std::vector<model_deployment>> client::model_deployments() const
{
    return detail::start<std::vector<model_deployment>>(handle_, detail::model_deployments);
}

PRACTICUS_DECL client::awaitable<std::vector<app_prefix>> client::app_prefixes() const
{
    return detail::start<std::vector<app_prefix>>(handle_, detail::app_prefixes);
}

PRACTICUS_DECL client::awaitable<std::vector<app>> client::apps() const
{
    return detail::start<std::vector<app>>(handle_, detail::apps);
}

PRACTICUS_DECL client::awaitable<std::vector<addon>> client::addons() const
{
    return detail::start<std::vector<addon>>(handle_, detail::addons);
}

PRACTICUS_DECL practicus::service_url const& client::service_url() const noexcept
{
    return handle_.state().transport().service();
}

PRACTICUS_DECL practicus::model_url client::model_url(std::string_view prefix, std::string_view name,
                                                      std::string_view version) const
{
    return practicus::model_url(handle_.state().transport().service(), prefix, name, version);
}

PRACTICUS_DECL practicus::app_url client::app_url(std::string_view prefix, std::string_view name,
                                                  std::string_view version) const
{
    return practicus::app_url(handle_.state().transport().service(), prefix, name, version);
}

PRACTICUS_DECL client::awaitable<std::int64_t> client::model_id(practicus::model_url url) const
{
    return detail::start<std::int64_t>(handle_, detail::model_id, std::move(url));
}

PRACTICUS_DECL client::awaitable<practicus::model_metadata>
client::model_metadata(practicus::model_url url) const
{
    return detail::start<practicus::model_metadata>(handle_, detail::model_metadata, std::move(url));
}

PRACTICUS_DECL client::awaitable<token> client::session_token(practicus::model_url const& url,
                                                              token_purpose purpose) const
{
    return detail::token_of(handle_, url, purpose);
}

PRACTICUS_DECL client::awaitable<token> client::app_session_token(practicus::app_url const& url,
                                                                  token_purpose purpose) const
{
    return detail::token_of(handle_, url, purpose);
}

PRACTICUS_DECL client::awaitable<token> client::addon_session_token(std::string_view addon) const
{
    return detail::token_of(handle_, detail::console_api::addon_key(addon), token_purpose::predict);
}

PRACTICUS_DECL token client::cached_session_token(practicus::model_url const& url,
                                                  token_purpose purpose) const
{
    return detail::look_up(handle_, url, purpose);
}

PRACTICUS_DECL token client::cached_app_session_token(practicus::app_url const& url,
                                                      token_purpose purpose) const
{
    return detail::look_up(handle_, url, purpose);
}

PRACTICUS_DECL token client::cached_addon_session_token(std::string_view addon) const
{
    return detail::look_up(handle_, detail::console_api::addon_key(addon), token_purpose::predict);
}

PRACTICUS_DECL client::awaitable<prediction> client::predict(practicus::model_url url, std::string body,
                                                             predict_options options) const
{
    return detail::start_prediction(handle_, std::make_shared<detail::prediction_input>(
                                                 std::move(url), std::move(body), std::move(options)));
}

PRACTICUS_DECL client::awaitable<prediction> client::predict(practicus::model_url url, body_source body,
                                                             predict_options options) const
{
    if (!body) throw error(errc::invalid_argument, "the body's source is empty");
    return detail::start_prediction(handle_, std::make_shared<detail::prediction_input>(
                                                 std::move(url), std::move(body), std::move(options)));
}

PRACTICUS_DECL client::awaitable<batch_progress> client::predict_batches(batch_job job) const
{
    return detail::start<batch_progress>(handle_, detail::parting::with_operation, detail::predict_batches,
                                         std::make_shared<batch_job>(std::move(job)));
}

PRACTICUS_DECL bool client::invalidate_session_token(practicus::model_url const& url, token const& refused,
                                                     token_purpose purpose) const
{
    return handle_.state().tokens_of(url).invalidate(url, refused, purpose);
}

PRACTICUS_DECL bool client::invalidate_app_session_token(practicus::app_url const& url, token const& refused,
                                                         token_purpose purpose) const
{
    return handle_.state().tokens_of(url).invalidate(url, refused, purpose);
}

PRACTICUS_DECL bool client::invalidate_addon_session_token(std::string_view addon, token const& refused) const
{
    detail::console_api::addon_key const key(addon);
    return handle_.state().tokens_of(key).invalidate(key, refused, token_purpose::predict);
}

PRACTICUS_DECL void client::close() const noexcept
{
    handle_.state().transport().close();
}

PRACTICUS_DECL void client::close_idle() const noexcept
{
    handle_.state().transport().close_idle();
}

PRACTICUS_DECL client_stats client::stats() const
{
    return handle_.state().stats();
}

}} // namespace practicus::v1
