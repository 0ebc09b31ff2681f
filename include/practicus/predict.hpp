// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/detail/base/settings.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/field_list.hpp>
#include <practicus/observer.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// The source of a request's body. Each call returns the next piece; an empty one is the end. The next call
/// follows in the client's context when the previous piece is written. It may refer to objects that live
/// until the operation has ended. Create it before the `co_await`: g++ 12 destroys a temporary lambda with
/// captures twice.
using body_source = std::function<boost::asio::awaitable<std::string>()>;

/// The sink of a response's body, called in the client's context with each piece as it arrives. No piece is
/// empty. Reading continues when the call has ended.
using body_sink = std::function<boost::asio::awaitable<void>(std::string)>;

/// The method of a call.
enum class http_method
{
    post, ///< `POST`
    get,  ///< `GET`. Such a call is idempotent.
};

namespace detail {

/// The settings of a `predict_options`; of a `request` as well.
struct predict_settings
{
    std::string content_type = "text/csv";
    std::string response_type;
    std::optional<content_encoding> encoding;
    std::string method = "POST";
    bool idempotent = false;
    /// A response of any content type is taken.
    bool any_type = false;
    body_sink sink;
    std::optional<std::size_t> body_limit;
    std::optional<std::chrono::milliseconds> first_byte;
    /// The number of bytes from the source in total; empty if unknown.
    std::optional<std::uint64_t> source_size;

    /// Returns the length of the request's body, if the source's body is sent as it is.
    std::optional<std::uint64_t> source_length() const noexcept
    {
        return encoding ? std::nullopt : source_size;
    }
    std::size_t limit() const noexcept { return body_limit.value_or(std::size_t{256} << 20); }
};

/// Returns the media type. Throws `errc::invalid_argument` for an invalid one.
inline std::string checked_type(std::string_view field, std::string type)
{
    if (!type.empty() && !has_control(type)) return type;
    throw error(errc::invalid_argument,
                std::string(field).append(" must not be empty or hold a control character"));
}

/// Returns the limit. Throws `errc::invalid_argument` for zero.
inline std::size_t checked_limit(std::string_view field, std::size_t bytes)
{
    if (bytes == 0) throw error(errc::invalid_argument, std::string(field).append(" must not be zero"));
    return bytes;
}

} // namespace detail

/// The options of a call of a model.
class predict_options
{
public:
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    predict_options() noexcept {}

    /// Sets the media type of the body. Default: `text/csv`. Throws `errc::invalid_argument` if it is empty
    /// or holds a control character.
    predict_options& content_type(std::string type)
    {
        settings_.content_type = detail::checked_type("predict_options::content_type", std::move(type));
        return *this;
    }

    /// Sets the required media type of the response, without its parameters. Another type ends the call
    /// with `errc::unexpected_response` before the sink gets a piece; of the response at most the beginning
    /// is read. Throws as `content_type`.
    ///
    /// Default: `text/csv` in a batch job. Otherwise any type but `text/html`, which a server in front of
    /// the model writes; after a `text/html` body, any type.
    predict_options& response_type(std::string type)
    {
        settings_.response_type = detail::checked_type("predict_options::response_type", std::move(type));
        return *this;
    }

    /// Sets the encoding of the body, in which the response may be encoded as well. Default: none for both.
    predict_options& encoding(content_encoding e)
    {
        settings_.encoding = std::move(e);
        return *this;
    }

    /// Sets the method; some models require GET. Default: `http_method::post`.
    predict_options& method(http_method m)
    {
        settings_.method = m == http_method::get ? "GET" : "POST";
        return *this;
    }

    /// Declares that the model may be called twice with the same body. The call is then also sent again if
    /// the model may have seen it. Default: only if it has surely not, or answered 408, 425 or 429.
    predict_options& idempotent(bool on = true) noexcept
    {
        settings_.idempotent = on;
        return *this;
    }

    /// Gives the body of a successful response to `to` as it arrives. `prediction::body` stays empty, and
    /// `body_limit` does not apply. After the first piece, the call is not sent again. An exception of the
    /// sink ends the call.
    predict_options& sink(body_sink to)
    {
        settings_.sink = std::move(to);
        return *this;
    }

    /// Limits the decoded body of the response, in bytes. Throws `errc::invalid_argument` for zero.
    ///
    /// Default: 256 MiB. In a batch job, 16 times `batch_job::max_bytes` and at least 16 MiB.
    predict_options& body_limit(std::size_t bytes)
    {
        settings_.body_limit = detail::checked_limit("predict_options::body_limit", bytes);
        return *this;
    }

    /// Limits the time from the request's last byte to the response's first. Zero is no limit. Default:
    /// `timeout_options::first_byte`. Throws `errc::invalid_argument` if negative.
    predict_options& first_byte(duration d)
    {
        settings_.first_byte = detail::checked_duration("predict_options::first_byte", d);
        return *this;
    }

private:
    friend detail::settings_access;

    detail::predict_settings settings_;
};

/// The model that has responded, as it says itself (`x-prt-...`). A missing text is empty. Untrusted.
struct served_by
{
    /// The model's id.
    std::string model_id;
    /// The model's name.
    std::string model_name;
    /// The model's prefix.
    std::string model_prefix;
    /// The version: which of several has responded.
    std::string model_version;
    /// The share of the calls that go to the version, in percent.
    std::string model_weight;
    /// The deployment's key.
    std::string deployment_key;
    /// The pod's name.
    std::string pod_name;
};

/// The response of a model or an app.
struct response
{
    /// The status of the response, 200 to 299.
    unsigned status = 0;
    /// The `Content-Type` of the response, or empty.
    std::string content_type;
    /// The encoding of the body in transit, or empty. `body` is decoded.
    std::string content_encoding;
    /// The complete decoded body; empty with a sink.
    std::string body;
    /// All fields of the response; of a prediction those that begin with `x-prt-`.
    field_list fields;
    /// The durations of the successful attempt.
    exchange_timings timings;
    /// The number of attempts to send a request.
    unsigned attempts = 0;
    /// The time of the whole operation, including the token, earlier attempts and pauses.
    std::chrono::nanoseconds elapsed{0};

    /// Returns the value of the first field with this name in any case, or an empty text.
    std::string_view field(std::string_view name) const noexcept { return fields[name]; }

    /// Returns which model has responded, and which version of it.
    [[nodiscard]] practicus::served_by served_by() const
    {
        practicus::served_by by;
        by.model_id = fields["x-prt-model-id"];
        by.model_name = fields["x-prt-model-name"];
        by.model_prefix = fields["x-prt-model-prefix"];
        by.model_version = fields["x-prt-model-version"];
        by.model_weight = fields["x-prt-model-weight"];
        by.deployment_key = fields["x-prt-deployment-key"];
        by.pod_name = fields["x-prt-pod-name"];
        return by;
    }
};

/// The response of a model to `client::predict`.
using prediction = response;

}} // namespace practicus::v1
