// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call.hpp>
#include <practicus/call_url.hpp>
#include <practicus/catalog.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/client/completion.hpp>
#include <practicus/detail/client/handle.hpp>
#include <practicus/predict.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Empty when the client's context is gone.
boost::asio::any_io_executor executor_of(handle const& h);

/// Begins to get a token. One that is in the cache is ready at once.
template <class Url>
struct token_operation
{
    pending<token> operator()(handle const& h, Url const& url, token_purpose purpose) const;
    boost::asio::awaitable<token> await(handle const& h, Url const& url, token_purpose purpose) const;
};

/// The same of an add-on.
struct addon_operation
{
    pending<token> operator()(handle const& h, std::string addon) const;
    boost::asio::awaitable<token> await(handle const& h, std::string_view addon) const;
};

/// The operations of a client. Each owns its arguments; an invalid argument is a failure.
namespace operations {

pending<void> login_by_password(handle const& h, std::string email, secret password);
pending<void> login(handle const& h, credentials user);
pending<void> refresh(handle const& h);
pending<cluster_info> cluster(handle const& h);
pending<std::vector<model_prefix>> model_prefixes(handle const& h);
pending<std::vector<model>> models(handle const& h);
pending<std::vector<model_deployment>> model_deployments(handle const& h);
pending<std::vector<app_prefix>> app_prefixes(handle const& h);
pending<std::vector<app>> apps(handle const& h);
pending<std::vector<addon>> addons(handle const& h);
pending<std::int64_t> model_id(handle const& h, model_url url);
pending<model_metadata> metadata(handle const& h, model_url url);
pending<practicus::response> call(handle const& h, call_url url, practicus::request what);
pending<prediction> predict(handle const& h, model_url url, std::string body, predict_options options);
pending<prediction> predict_from(handle const& h, model_url url, body_source body, predict_options options);
inline constexpr token_operation<model_url> model_token;
inline constexpr token_operation<app_url> app_token;
inline constexpr addon_operation addon_token;

} // namespace operations

}}} // namespace practicus::v1::detail
