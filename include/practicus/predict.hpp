// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// A request's body, piece by piece: each call brings the next one, an empty one is the end. Called again
/// when the piece before has been written, in the client's context. It may refer to what lives until the
/// operation has ended. (Make it before the `co_await`: g++ 12
/// destroys a temporary lambda with captures twice.)
using body_source = std::function<boost::asio::awaitable<std::string>()>;

/// Takes an answer's body, piece by piece, as it arrives; never an empty one. More is read when it is done,
/// in the client's context.
using body_sink = std::function<boost::asio::awaitable<void>(std::string)>;

/// The method of a call.
enum class http_method
{
    post, ///< `POST`
    get,  ///< `GET`; such a call may be repeated.
};

class predict_options;

namespace detail {

/// What a `predict_options` was told.
struct predict_settings
{
    std::string content_type = "text/csv";
    std::string answer_type;
    std::optional<content_encoding> encoding;
    http_method method = http_method::post;
    bool idempotent = false;
    body_sink sink;
    std::optional<std::size_t> body_limit;
    std::optional<std::chrono::milliseconds> first_byte;

    std::string_view method_name() const noexcept { return method == http_method::get ? "GET" : "POST"; }
    std::size_t limit() const noexcept { return body_limit.value_or(std::size_t{256} << 20); }
};

predict_settings const& settings(predict_options const& of) noexcept;

} // namespace detail

/// How a model is called.
class predict_options
{
public:
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    predict_options() noexcept {}

    /// The body's type. Default: `text/csv`. Throws `errc::invalid_argument` for what no header can hold.
    predict_options& content_type(std::string type)
    {
        settings_.content_type = checked_type("content_type", std::move(type));
        return *this;
    }

    /// The type that the answer must have, its parameters aside: another one is `errc::unexpected_answer`,
    /// and nothing of it goes to the sink. Default: `text/csv` in a batch job; else any but `text/html`,
    /// which a server in front of the model writes. Throws as `content_type`.
    predict_options& answer_type(std::string type)
    {
        settings_.answer_type = checked_type("answer_type", std::move(type));
        return *this;
    }

    /// Encodes the body, and understands an answer that is encoded likewise. Default: neither.
    predict_options& encoding(content_encoding e)
    {
        settings_.encoding = std::move(e);
        return *this;
    }

    /// How the body is sent; some models require GET. Default: `http_method::post`.
    predict_options& method(http_method m) noexcept
    {
        settings_.method = m;
        return *this;
    }

    /// The model may be called twice with the same body: so the call is sent again also after a failure that
    /// leaves open whether the model has seen it. Default: only if it surely has not, or answered 408, 425 or
    /// 429.
    predict_options& idempotent(bool on = true) noexcept
    {
        settings_.idempotent = on;
        return *this;
    }

    /// Gives the answer's body away as it arrives: `prediction::body` stays empty, and no limit holds. Once
    /// it was given something, the call is not sent again. What it throws ends the call.
    predict_options& sink(body_sink to)
    {
        settings_.sink = std::move(to);
        return *this;
    }

    /// The answer's body, decoded, in bytes. Default: 256 MiB; in a batch job 16 times a batch, and 16 MiB at
    /// least. Throws `errc::invalid_argument` for zero.
    predict_options& body_limit(std::size_t bytes)
    {
        if (bytes == 0) throw error(errc::invalid_argument, "predict_options::body_limit must not be zero");
        settings_.body_limit = bytes;
        return *this;
    }

    /// From the request's last byte to the answer's first: a model may think for long. Zero is no limit.
    /// Default: `timeout_options::first_byte`. Throws `errc::invalid_argument` if negative.
    predict_options& first_byte(duration d)
    {
        settings_.first_byte = detail::checked_duration("predict_options::first_byte", d);
        return *this;
    }

private:
    friend detail::predict_settings const& detail::settings(predict_options const& of) noexcept;

    static std::string checked_type(std::string_view field, std::string type)
    {
        if (!type.empty() && !detail::has_control(type)) return type;
        throw error(errc::invalid_argument, std::string("predict_options::")
                                                .append(field)
                                                .append(" must not be empty or hold a control character"));
    }

    detail::predict_settings settings_;
};

namespace detail {

inline predict_settings const& settings(predict_options const& of) noexcept
{
    return of.settings_;
}

} // namespace detail

/// What a model answered.
struct prediction
{
    /// The answer's status, 200 to 299.
    unsigned status = 0;
    /// The answer's `Content-Type`; empty if it has none.
    std::string content_type;
    /// How the body was encoded on its way, or empty. It is decoded here.
    std::string content_encoding;
    /// Whole and decoded; empty if it went to a sink.
    std::string body;
    /// Of the attempt that succeeded.
    exchange_timings timings;
    /// How often something was sent, or tried to be.
    unsigned attempts = 0;
    /// From the call to the end: the token, attempts before and waits included.
    std::chrono::nanoseconds elapsed{0};
};

}} // namespace practicus::v1
