// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/pool/transport.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/http_date.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

class session;

/// The owner of the parts of a session. Flights of the parts keep it alive.
using session_owner = std::enable_shared_from_this<session>;

/// The region's console: begins operations, reads responses and describes failures. Thread safety: full.
class console
{
public:
    explicit console(detail::transport& sends) noexcept : transport_(sends) {}
    console(console const&) = delete;
    console& operator=(console const&) = delete;

    detail::transport& transport() const noexcept { return transport_; }

    /// Begins a flight's operation. It has the trusted origins of the call that caused it, and its own
    /// limits.
    operation begin_shared(std::shared_ptr<call_options const> with) const
    {
        auto op = transport_.begin(nullptr);
        op.with = std::move(with);
        op.shared = true;
        return op;
    }

    /// Returns `read(body)` for a success. Failures name the request.
    template <class Read>
    result<std::invoke_result_t<Read, std::string_view>> read_answer(operation const& op, request const& r,
                                                                     response const& answer, Read read) const
    {
        if (!is_success(answer.status)) return failure_of(op, r, answer);
        return with_error_context(op, r, answer, [&] { return read(answer.body); });
    }

    /// Returns `f()`. Adds the request and the status to the error that it throws.
    template <class F>
    result<std::invoke_result_t<F>> with_error_context(operation const& op, request const& r,
                                                       response const& answer, F f) const
    {
        try {
            return f();
        } catch (error const& e) {
            auto info = e.info();
            info.status = answer.status;
            if (e.code() == errc::not_json) describe_other_than_json(info, answer);
            return make_failure(transport_.with_request(std::move(info), r, op));
        }
    }

    /// Returns `errc::expired_token` for a token that expired on arrival, else null.
    failure failure_of_life(operation const& op, request const& r, response const& answer,
                            lifespan const& life) const
    {
        if (!life.has_ended(transport_.runtime()->time().now())) return nullptr;
        error_info info;
        info.code = errc::expired_token;
        info.status = answer.status;
        return make_failure(transport_.with_request(std::move(info), r, op));
    }

    /// Describes an unsuccessful response.
    failure failure_of(operation const& op, request const& r, response const& answer) const
    {
        auto info = info_of(r, answer);
        info.retry_after = parse_retry_after(answer.retry_after, answer.date);
        return make_failure(transport_.with_request(std::move(info), r, op));
    }

    /// Reports a fetch to the observer.
    template <class T>
    asio::awaitable<result<T>> observed(std::string_view kind, operation_body<result<T>> fetch) const
    {
        auto const& observer = transport_.observer();
        if (!observer) co_return co_await fetch();
        events::token_fetched e;
        e.kind = kind;
        auto const& time = transport_.runtime()->time();
        auto const begin = time.precise_now();
        auto fetching = no_throw(fetch());
        auto got = co_await std::move(fetching);
        if (!got) e.error = got.error()->code;
        e.took = time.precise_now() - begin;
        observer(e);
        co_return got;
    }

private:
    detail::transport& transport_;
};

}}} // namespace practicus::v1::detail
