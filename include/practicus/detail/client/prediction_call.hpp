// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/client/calls.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/tokens/session.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/predict.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// Predictions: calls of a deployed model.
namespace practicus { inline namespace v1 { namespace detail {

/// The arguments of a prediction, and what its caller learns beside the answer.
class prediction_input
{
public:
    prediction_input(model_url where, std::string text, predict_options how)
        : url(std::move(where)), body(std::move(text)), options(std::move(how))
    {}

    prediction_input(model_url where, body_source from, predict_options how)
        : url(std::move(where)), source(std::move(from)), options(std::move(how))
    {}

    model_url const url;
    std::string body;
    body_source const source;
    predict_options const options;
    /// Called for each answer that reports an overload; may be empty.
    std::function<void()> on_overload;
    /// The number of attempts, set at the end.
    unsigned sent = 0;
    /// The request went to the model. An earlier failure is the console's.
    bool reached_model = false;
    /// `response::delimited` of the answer.
    bool delimited = true;
    /// The caller checks the content type itself.
    bool takes_any_type = false;
    /// The caller repeats failed requests. Here only a request that needs no pause is sent twice.
    bool retried_by_caller = false;

    content_encoding const* encoding() const noexcept
    {
        return settings(options).encoding ? &*settings(options).encoding : nullptr;
    }
};

/// Returns the encoded body. Other operations have a turn after each slice of a large one.
inline asio::awaitable<std::string> encode_body(content_encoding const& how, std::string const& body)
{
    constexpr std::size_t slice = 256 * 1024;
    auto const encoder = how.encoder();
    std::string encoded;
    std::string_view rest = body;
    while (true) {
        auto const part = rest.substr(0, slice);
        rest.remove_prefix(part.size());
        throw_if(transcode(*encoder, part, rest.empty(), encoded, std::numeric_limits<std::size_t>::max()));
        if (rest.empty()) break;
        auto others = asio::post(asio::deferred);
        co_await std::move(others);
    }
    co_return encoded;
}

inline asio::awaitable<request> make_prediction(session& s, prediction_input& in)
{
    std::string body = std::move(in.body);
    if (in.encoding() && !in.source) body = co_await encode_body(*in.encoding(), body);
    auto const& how = settings(in.options);
    auto const encoding = in.encoding() ? std::string_view(in.encoding()->name()) : std::string_view();
    auto r = console_api::prediction(s.models().as_listed(in.url), how.method_name(), how.content_type,
                                     encoding, how.limit());
    r.data = std::move(body);
    r.chunked = static_cast<bool>(in.source);
    r.safe_to_repeat = how.idempotent;
    r.first_byte = how.first_byte;
    co_return r;
}

/// Returns this thread's cached token, or fetches one.
inline asio::awaitable<result<token>> token_for(handle const& h, operation& op, model_url const& url)
{
    if (auto found = look_up(h, url, token_purpose::predict)) co_return found;
    co_return co_await h.state().models().fetch(op, url, token_purpose::predict);
}

inline failure refuse_type(session& s, operation const& op, request const& r, response const& answer,
                           predict_options const& how)
{
    error_info info;
    info.status = answer.status;
    describe_other_type(info, settings(how).response_type, answer.content_type, answer.body);
    return make_failure(s.transport().with_request(std::move(info), r, op));
}

inline asio::awaitable<result<prediction>> predict(handle h, std::shared_ptr<prediction_input> in)
{
    auto& s = h.state();
    auto const began = s.transport().home()->time().precise_now();
    auto op = h.begin_unlimited();
    if (in->retried_by_caller) {
        retry_options once;
        once.max_attempts = 1;
        op.retries = retry_policy(once);
    }
    struct counted
    {
        prediction_input* in;
        operation const* op;
        ~counted() { in->sent = op->retries.attempts(); }
    };
    counted const at_end{in.get(), &op};
    auto const r = co_await make_prediction(s, *in);
    if (auto untrusted = s.transport().check_trusted(op, r)) co_return untrusted;
    body_pipeline flow(in->source ? &in->source : nullptr, in->options);
    flow.on_overload = in->on_overload;
    response answer;
    auto bearer = co_await token_for(h, op, in->url);
    if (!bearer) co_return bearer.error();
    op.retries.next_request();
    in->reached_model = true;
    if (auto failed = co_await s.transport().send(op, r, *bearer, answer, &flow)) co_return failed;
    if (op.renew && s.models().renew(in->url, *bearer, token_purpose::predict)) {
        in->reached_model = false;
        answer = response();
        bearer = co_await token_for(h, op, in->url);
        if (!bearer) co_return bearer.error();
        in->reached_model = true;
        if (auto failed = co_await s.transport().send(op, r, *bearer, answer, &flow)) co_return failed;
    }
    if (answer.status == 401) s.models().invalidate(in->url, *bearer, token_purpose::predict);
    if (!is_success(answer.status)) co_return s.models().failure_of(op, r, answer);
    mark_accepted(*bearer);
    if (!in->takes_any_type && !flow.is_wanted(answer)) co_return refuse_type(s, op, r, answer, in->options);
    prediction predicted;
    predicted.status = answer.status;
    predicted.content_type = std::move(answer.content_type);
    predicted.content_encoding = std::move(answer.content_encoding);
    predicted.body = std::move(answer.body);
    predicted.fields = std::move(answer.fields);
    in->delimited = answer.delimited;
    predicted.timings = flow.timings;
    predicted.attempts = op.retries.attempts();
    predicted.elapsed = s.transport().home()->time().precise_now() - began;
    co_return predicted;
}

}}} // namespace practicus::v1::detail
