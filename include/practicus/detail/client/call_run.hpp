// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call.hpp>
#include <practicus/call_url.hpp>
#include <practicus/detail/client/calls.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/tokens/given_token.hpp>
#include <practicus/detail/tokens/session.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/zlib_coder.hpp>
#include <practicus/predict.hpp>
#include <practicus/token.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

/// Calls of models and apps. A prediction is one of them.
namespace practicus { inline namespace v1 { namespace detail {

/// The arguments of a call, and what its caller learns beside the answer.
class call_input
{
public:
    call_input(call_url to, request_settings what) : url(std::move(to)), settings(std::move(what)) {}

    /// A prediction.
    call_input(model_url to, predict_options const& how) : url(std::move(to))
    {
        static_cast<predict_settings&>(settings) = detail::settings(how);
    }

    call_url const url;
    request_settings settings;
    /// Called for each answer that reports an overload; may be empty.
    std::function<void()> on_overload;
    /// The number of attempts, set at the end.
    unsigned sent = 0;
    /// The failure is the model's own. Otherwise it is the console's, or that of a given token.
    bool reached_model = false;
    /// The version of the model that has responded, also with a refusal. Only for `retried_by_caller`.
    std::string answered_by;
    /// `response::delimited` of the answer.
    bool delimited = true;
    /// The caller repeats failed requests. Here only a request that needs no pause is sent twice.
    bool retried_by_caller = false;

    body_source const* source() const noexcept { return settings.source ? &settings.source : nullptr; }
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

/// One call, from its request to its response.
class call_run
{
public:
    call_run(handle const& h, call_input& in)
        : op(h.begin_unlimited()), outgoing(make_request(h.state(), in)), flow(in.source(), in.settings),
          handle_(h), session_(h.state()), in_(in),
          own_(in.settings.login ? given_token::of(*in.settings.login) : nullptr),
          began_(session_.transport().runtime()->time().precise_now())
    {
        if (in.retried_by_caller) {
            retry_options once;
            once.max_attempts = 1;
            op.retries = retry_policy(once);
            op.patient_until.reset();
        }
        if (auto const& patience = in.settings.patience) op.patient_until = op.began + *patience;
        flow.on_overload = in.on_overload;
    }
    call_run(call_run const&) = delete;
    call_run& operator=(call_run const&) = delete;
    ~call_run() { in_.sent = op.retries.attempts(); }

    /// Calls `f` with the tokens of models or of apps, and the url.
    template <class F>
    auto with_tokens(F f) const
    {
        return std::visit([&](auto const& url) { return f(session_.tokens_of(url), url); }, in_.url.hosted());
    }

    /// Returns this thread's cached token, or an empty one.
    token find_token() const
    {
        if (own_) return {};
        return std::visit([&](auto const& url) { return look_up(handle_, url, token_purpose::predict); },
                          in_.url.hosted());
    }

    asio::awaitable<result<token>> fetch_token() const
    {
        if (own_) return get_own();
        return with_tokens(
            [&](auto& tokens, auto const& url) { return tokens.fetch(op, url, token_purpose::predict); });
    }

    /// Handles a 401. Returns true if another token may be had for a second try.
    bool renew(token const& refused) const
    {
        if (own_) return false;
        return with_tokens([&](auto& tokens, auto const& url) {
            return tokens.renew(url, refused, token_purpose::predict);
        });
    }

    /// Returns what the last answer means for the caller.
    result<practicus::response> end(token const& bearer)
    {
        auto const& transport = session_.transport();
        if (!is_success(answer.status)) return refusal(bearer);
        mark_accepted(bearer);
        if (!in_.settings.any_type && !flow.is_wanted(answer)) return other_type();
        in_.delimited = answer.delimited;
        practicus::response got;
        got.status = answer.status;
        got.content_type = std::move(answer.content_type);
        got.content_encoding = std::move(answer.content_encoding);
        got.body = std::move(answer.body);
        got.fields = std::move(answer.fields);
        got.timings = flow.timings;
        got.attempts = op.retries.attempts();
        got.elapsed = transport.runtime()->time().precise_now() - began_;
        return got;
    }

    operation op;
    detail::request outgoing;
    body_pipeline flow;
    detail::response answer;

private:
    asio::awaitable<result<token>> get_own() const
    {
        co_return own_->get(session_.transport().runtime()->time().system_seconds(), op.validity());
    }

    static std::string target_of(session&, call_url const& whole, url_origin const&)
    {
        return whole.target();
    }

    template <class Kind>
    static std::string target_of(session& s, call_url const& whole, hosted_url<Kind> const& url)
    {
        return std::string(s.tokens_of(url).as_listed(url).target()) + whole.query();
    }

    static detail::request make_request(session& s, call_input& in)
    {
        auto const& how = in.settings;
        auto const encoding = how.encoding ? std::string_view(how.encoding->name()) : std::string_view();
        auto target = std::visit([&](auto const& url) { return target_of(s, in.url, url); }, in.url.hosted());
        auto r = console_api::service_call(in.url.origin(), std::move(target), how.method, how.content_type,
                                           encoding, how.limit());
        if (!how.accept.empty()) {
            r.accept = how.accept;
            if (encoding.empty()) r.accept_encoding = "identity";
        }
        r.fields = how.fields;
        r.body_limit_name = how.body_limit_name;
        r.all_fields = how.all_fields;
        r.data = std::move(in.settings.body);
        if (how.source) r.length = how.source_length();
        r.chunked = how.source && !r.length;
        r.safe_to_repeat = how.idempotent;
        r.first_byte = how.first_byte;
        r.between_bytes = how.between_bytes;
        return r;
    }

    failure refusal(token const& bearer) const
    {
        auto const& tokens = session_.tokens_of(outgoing.where);
        if (answer.status == 401 && !op.renew) (void)renew(bearer);
        bool const is_given = own_ || tokens.is_given();
        // A given token that is refused is nothing of the model's.
        if (answer.status == 401 && is_given) in_.reached_model = false;
        return tokens.failure_of(op, outgoing, answer, is_given);
    }

    failure other_type() const
    {
        error_info info;
        info.status = answer.status;
        describe_other_type(info, in_.settings.response_type, answer.content_type, answer.body);
        return make_failure(session_.transport().with_request(std::move(info), outgoing, op));
    }

    handle const& handle_;
    session& session_;
    call_input& in_;
    /// The call's own token, or null.
    std::shared_ptr<given_token> const own_;
    time_point began_;
};

inline asio::awaitable<result<practicus::response>> call(handle h, std::shared_ptr<call_input> in)
{
    auto& transport = h.state().transport();
    call_run run(h, *in);
    if (auto untrusted = transport.check_trusted(run.op, run.outgoing)) co_return untrusted;
    if (auto const& encoding = in->settings.encoding; encoding && !run.outgoing.data.empty()) {
        auto encoding_it = encode_body(*encoding, run.outgoing.data);
        run.outgoing.data = co_await std::move(encoding_it);
    }
    while (true) {
        auto bearer = run.find_token();
        if (!bearer) {
            auto fetching = run.fetch_token();
            auto got = co_await std::move(fetching);
            if (!got) co_return got.error();
            bearer = std::move(*got);
        }
        in->reached_model = true;
        auto sending = transport.send(run.op, run.outgoing, bearer, run.answer, &run.flow);
        auto const failed = co_await std::move(sending);
        if (in->retried_by_caller) in->answered_by = run.answer.fields["x-prt-model-version"];
        if (failed) co_return failed;
        if (!run.op.renew || !run.renew(bearer)) co_return run.end(bearer);
        in->reached_model = false;
        in->answered_by.clear();
        run.answer = detail::response();
    }
}

}}} // namespace practicus::v1::detail
