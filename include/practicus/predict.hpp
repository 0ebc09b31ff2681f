// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
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
        if (type.empty() || detail::has_control(type))
            throw error(errc::invalid_argument, "the content type is empty, or holds a control character");
        content_type_ = std::move(type);
        return *this;
    }
    std::string const& content_type() const noexcept { return content_type_; }

    /// The type that the answer must have, its parameters aside: another one is `errc::unexpected_answer`,
    /// and nothing of it goes to the sink. Default: `text/csv` in a batch job; else any but `text/html`,
    /// which a server in front of the model writes. Throws as `content_type`.
    predict_options& answer_type(std::string type)
    {
        if (type.empty() || detail::has_control(type))
            throw error(errc::invalid_argument, "the answer's type is empty, or holds a control character");
        answer_type_ = std::move(type);
        return *this;
    }
    /// The type that is asked for; empty by default.
    std::string const& answer_type() const noexcept { return answer_type_; }

    /// Encodes the body, and understands an answer that is encoded likewise. Default: neither.
    predict_options& encoding(content_encoding e)
    {
        encoding_ = std::move(e);
        return *this;
    }
    std::optional<content_encoding> const& encoding() const noexcept { return encoding_; }

    /// Sends the body with GET, for models that ask for it. Such a call may be repeated.
    predict_options& by_get(bool on = true)
    {
        by_get_ = on;
        return *this;
    }
    bool by_get() const noexcept { return by_get_; }

    /// The model may be called twice with the same body: so the call is sent again also after a failure that
    /// leaves open whether the model has seen it. Default: only if it surely has not, or answered 408, 425 or
    /// 429.
    predict_options& safe_to_repeat(bool on = true)
    {
        safe_to_repeat_ = on;
        return *this;
    }
    bool safe_to_repeat() const noexcept { return safe_to_repeat_; }

    /// Gives the answer's body away as it arrives: `prediction::body` stays empty, and no limit holds. Once
    /// it was given something, the call is not sent again. What it throws ends the call.
    predict_options& sink(body_sink to)
    {
        sink_ = std::move(to);
        return *this;
    }
    body_sink const& sink() const noexcept { return sink_; }

    /// The answer's body, decoded, in bytes. Default: 256 MiB; in a batch job 16 times a batch, and 16 MiB at
    /// least. Throws `errc::invalid_argument` for zero.
    predict_options& body_limit(std::size_t bytes)
    {
        if (bytes == 0) throw error(errc::invalid_argument, "max_answer is zero");
        body_limit_ = bytes;
        return *this;
    }
    std::size_t body_limit() const noexcept { return body_limit_.value_or(std::size_t{256} << 20); }
    /// Is a limit set?
    bool has_body_limit() const noexcept { return body_limit_.has_value(); }

    /// From the request's last byte to the answer's first: a model may think for long. Zero is no limit.
    /// Default: `timeout_options::first_byte`. Throws `errc::invalid_argument` if negative.
    predict_options& first_byte(duration d)
    {
        if (d < duration::zero()) throw error(errc::invalid_argument, "first_byte is negative");
        first_byte_ = std::min<duration>(d, std::chrono::hours(24 * 365));
        return *this;
    }
    std::optional<duration> const& first_byte() const noexcept { return first_byte_; }

private:
    std::string content_type_ = "text/csv";
    std::string answer_type_;
    std::optional<content_encoding> encoding_;
    body_sink sink_;
    std::optional<std::size_t> body_limit_;
    std::optional<duration> first_byte_;
    bool by_get_ = false;
    bool safe_to_repeat_ = false;
};

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
