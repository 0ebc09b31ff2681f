// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/client.hpp>
#include <practicus/detail/client/call_run.hpp>
#include <practicus/detail/client/calls.hpp>
#include <practicus/detail/client/delivery.hpp>

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

template <class T, class Call, class... Args>
pending<T> start(handle const& h, parting leaves, Call call, Args... args)
{
    return pending<T>(
        h,
        [call, ... as = std::move(args)](handle const& own) mutable { return call(own, std::move(as)...); },
        leaves);
}

/// A hit, or an argument that is refused.
template <class T>
pending<T> ended(result<T> with)
{
    return pending<T>(
        handle(nullptr), [end = std::move(with)](handle const&) { return ready(end); }, parting::at_once);
}

template <class T, class Call, class... Args>
pending<T> start(handle const& h, Call call, Args... args)
{
    return start<T>(h, parting::at_once, call, std::move(args)...);
}

inline pending<practicus::response> start_call(handle const& h, std::shared_ptr<call_input> in)
{
    auto const leaves = in->source() || in->settings.sink ? parting::with_operation : parting::at_once;
    return start<practicus::response>(h, leaves, detail::call, std::move(in));
}

template <class Url>
pending<token> token_operation<Url>::operator()(handle const& h, Url const& url, token_purpose purpose) const
{
    if (auto found = look_up(h, url, purpose)) return ended<token>(std::move(found));
    return start<token>(h, session_token<Url>, url, purpose);
}

template <class Url>
asio::awaitable<token> token_operation<Url>::await(handle const& h, Url const& url,
                                                   token_purpose purpose) const
{
    if (auto found = look_up(h, url, purpose)) return ready(std::move(found));
    return delivery<token>::await(start<token>(h, session_token<Url>, url, purpose));
}

/// An invalid add-on has no token here; the operation says why.
inline token look_up_addon(handle const& h, std::string_view addon)
{
    try {
        return look_up(h, console_api::addon_key(addon), token_purpose::predict);
    } catch (error const&) {
        return {};
    }
}

PRACTICUS_DECL pending<token> addon_operation::operator()(handle const& h, std::string addon) const
{
    if (auto found = look_up_addon(h, addon)) return ended<token>(std::move(found));
    return start<token>(h, addon_token, std::move(addon));
}

PRACTICUS_DECL asio::awaitable<token> addon_operation::await(handle const& h, std::string_view addon) const
{
    if (auto found = look_up_addon(h, addon)) return ready(std::move(found));
    return delivery<token>::await(start<token>(h, addon_token, std::string(addon)));
}

PRACTICUS_DECL asio::any_io_executor executor_of(handle const& h)
{
    return h.state().transport().runtime()->executor();
}

PRACTICUS_DECL handle const& handle_of(client const& of) noexcept
{
    return of.handle_;
}

namespace operations {

PRACTICUS_DECL pending<void> login_by_password(handle const& h, std::string email, secret password)
{
    return start<void>(h, detail::login_by_password, std::move(email), std::move(password));
}

PRACTICUS_DECL pending<void> login(handle const& h, credentials user)
{
    return start<void>(h, detail::login, std::move(user));
}

PRACTICUS_DECL pending<void> refresh(handle const& h)
{
    return start<void>(h, detail::refresh);
}

PRACTICUS_DECL pending<cluster_info> cluster(handle const& h)
{
    return start<cluster_info>(h, detail::cluster);
}

PRACTICUS_DECL pending<std::vector<model_prefix>> model_prefixes(handle const& h)
{
    return start<std::vector<model_prefix>>(h, detail::model_prefixes);
}

PRACTICUS_DECL pending<std::vector<model>> models(handle const& h)
{
    return start<std::vector<model>>(h, detail::models);
}

PRACTICUS_DECL pending<std::vector<model_deployment>> model_deployments(handle const& h)
{
    return start<std::vector<model_deployment>>(h, detail::model_deployments);
}

PRACTICUS_DECL pending<std::vector<app_prefix>> app_prefixes(handle const& h)
{
    return start<std::vector<app_prefix>>(h, detail::app_prefixes);
}

PRACTICUS_DECL pending<std::vector<app>> apps(handle const& h)
{
    return start<std::vector<app>>(h, detail::apps);
}

PRACTICUS_DECL pending<std::vector<addon>> addons(handle const& h)
{
    return start<std::vector<addon>>(h, detail::addons);
}

PRACTICUS_DECL pending<std::int64_t> model_id(handle const& h, model_url url)
{
    return start<std::int64_t>(h, detail::model_id, std::move(url));
}

PRACTICUS_DECL pending<practicus::model_metadata> metadata(handle const& h, model_url url)
{
    return start<practicus::model_metadata>(h, detail::model_metadata, std::move(url));
}

PRACTICUS_DECL pending<prediction> predict(handle const& h, model_url url, std::string body,
                                           predict_options options)
{
    auto in = std::make_shared<call_input>(std::move(url), options);
    in->settings.body = std::move(body);
    return start_call(h, std::move(in));
}

PRACTICUS_DECL pending<prediction> predict_from(handle const& h, model_url url, body_source body,
                                                predict_options options)
{
    if (!body)
        return ended<prediction>(
            make_failure(errc::invalid_argument, "client::predict: the body's source must not be empty"));
    auto in = std::make_shared<call_input>(std::move(url), options);
    in->settings.source = std::move(body);
    return start_call(h, std::move(in));
}

PRACTICUS_DECL pending<practicus::response> call(handle const& h, call_url url, practicus::request what)
{
    return start_call(h, std::make_shared<call_input>(std::move(url), std::move(settings(what))));
}

} // namespace operations

#ifdef PRACTICUS_SEPARATE_COMPILATION
template struct delivery<void>;
template struct delivery<cluster_info>;
template struct delivery<std::vector<model_prefix>>;
template struct delivery<std::vector<model>>;
template struct delivery<std::vector<model_deployment>>;
template struct delivery<std::vector<app_prefix>>;
template struct delivery<std::vector<app>>;
template struct delivery<std::vector<addon>>;
template struct delivery<std::int64_t>;
template struct delivery<practicus::model_metadata>;
template struct delivery<token>;
template struct delivery<prediction>;
template struct delivery<batch_progress>;
template struct token_operation<model_url>;
template struct token_operation<app_url>;
#endif

} // namespace detail

PRACTICUS_DECL client::client(boost::asio::any_io_executor executor, practicus::service_url service,
                              client_options options)
    : handle_(detail::make_handle(std::move(executor), std::move(service), std::move(options)))
{}

PRACTICUS_DECL client::executor_type client::get_executor() const
{
    return detail::executor_of(handle_);
}

PRACTICUS_DECL client client::with(call_options options) const
{
    return client(detail::handle(handle_, std::move(options)));
}

PRACTICUS_DECL void client::logout() const
{
    handle_.state().access().logout();
}

PRACTICUS_DECL std::string client::username() const
{
    return handle_.state().access().current().username();
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

PRACTICUS_DECL token client::cached_session_token(practicus::model_url const& url,
                                                  token_purpose purpose) const
{
    return detail::look_up(handle_, url, purpose);
}

PRACTICUS_DECL token client::cached_app_token(practicus::app_url const& url, token_purpose purpose) const
{
    return detail::look_up(handle_, url, purpose);
}

PRACTICUS_DECL token client::cached_addon_session_token(std::string_view addon) const
{
    return detail::look_up(handle_, detail::console_api::addon_key(addon), token_purpose::predict);
}

PRACTICUS_DECL bool client::invalidate_session_token(practicus::model_url const& url, token const& refused,
                                                     token_purpose purpose) const
{
    return handle_.state().tokens_of(url).invalidate(url, refused, purpose);
}

PRACTICUS_DECL bool client::invalidate_app_token(practicus::app_url const& url, token const& refused,
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
