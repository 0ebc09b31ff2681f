// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_url.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/detail/base/settings.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/encoding.hpp>
#include <practicus/error.hpp>
#include <practicus/form_data.hpp>
#include <practicus/predict.hpp>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

namespace detail {

/// The settings of a `request`, or those of a prediction.
struct request_settings : predict_settings
{
    /// Fields as they are written into a request, each after the end of the previous line.
    std::string fields;
    /// The value of `Accept`; empty for any type.
    std::string accept;
    std::string body;
    body_source source;
    std::optional<std::chrono::milliseconds> patience;
    std::optional<std::chrono::milliseconds> between_bytes;
    /// The call's own session token.
    std::optional<credentials> login;
    std::string_view body_limit_name = "predict_options::body_limit";
    bool all_fields = false;
};

} // namespace detail

/// A request to a model or an app; see `client::call`. By default a `POST` without a body.
class request
{
public:
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    request()
    {
        settings_.content_type = "application/octet-stream";
        settings_.any_type = settings_.all_fields = true;
        settings_.body_limit_name = "request::body_limit";
    }

    /// Returns a `GET`.
    [[nodiscard]] static request get() { return std::move(request().method("GET")); }

    /// Returns a `POST` of a JSON text.
    [[nodiscard]] static request json(std::string text)
    {
        return std::move(request().content_type("application/json").body(std::move(text)));
    }

    /// Returns a `POST` of a JSON value.
    template <class Value>
    requires std::same_as<Value, boost::json::value> || std::same_as<Value, boost::json::object> ||
        std::same_as<Value, boost::json::array>
    [[nodiscard]] static request json(Value const& value) { return json(boost::json::serialize(value)); }

    /// Sets the method, in upper case. Throws `errc::invalid_argument` if it is no token or has a lower-case
    /// letter, and for `CONNECT` and `TRACE`. The response to a `HEAD` has no body.
    request& method(std::string name)
    {
        bool const small = name.find_first_of("abcdefghijklmnopqrstuvwxyz") != std::string::npos;
        if (!detail::is_token(name) || small || name == "CONNECT" || name == "TRACE")
            throw error(errc::invalid_argument,
                        "request::method must be a token in upper case (RFC 9110 section 5.6.2), and not "
                        "CONNECT or TRACE");
        settings_.method = std::move(name);
        return *this;
    }

    /// Sets the media type of the body. Default: `application/octet-stream`. Throws
    /// `errc::invalid_argument` if it is empty or holds a control character.
    request& content_type(std::string type)
    {
        settings_.content_type = detail::checked_type("request::content_type", std::move(type));
        return *this;
    }

    /// Sets the body.
    request& body(std::string text)
    {
        settings_.body = std::move(text);
        settings_.source = nullptr;
        return *this;
    }

    /// Sets a body that a source gives piece by piece: chunked, unless its `size` is known. From the first
    /// piece on, the request is not sent again. A source that has given its `size` is not called again. An
    /// exception of the source ends the call. So does a source that gives more than its size, or ends before
    /// (`errc::invalid_argument`). Throws `errc::invalid_argument` if the source is empty.
    request& body(body_source from, std::optional<std::uint64_t> size = std::nullopt)
    {
        if (!from) throw error(errc::invalid_argument, "request::body: the source must not be empty");
        settings_.body.clear();
        settings_.source = std::move(from);
        settings_.source_size = size;
        return *this;
    }

    /// Sets a form as the body, and its content type. With a source, it is as `body` with a source. Copies of
    /// the request send the whole form each, if its sources can be read again.
    request& multipart(form_data form)
    {
        auto type = "multipart/form-data; boundary=" + form.boundary();
        detail::form_reader all(detail::take_pieces(std::move(form)));
        content_type(std::move(type));
        if (auto text = all.take_text()) return body(std::move(*text));
        auto const size = all.size();
        return body(std::move(all), size);
    }

    /// Adds a field. Throws `errc::invalid_argument`, as `call_options::header`.
    request& field(std::string_view name, std::string_view value)
    {
        detail::append_field(settings_.fields, "request::field", name, value);
        return *this;
    }

    /// Sets a session token for this call alone, in place of the client's tokens; see
    /// `credentials::session_token`. The call then needs no login and no console. A 401 is final
    /// (`errc::unauthorized`). Throws `errc::invalid_credentials`.
    request& session_token(std::string_view token)
    {
        settings_.login = credentials::session_token(token);
        return *this;
    }

    /// Sets the media types that the response may have, for `Accept`. Default: any. Throws
    /// `errc::invalid_argument` if it is empty or holds a control character.
    request& accept(std::string types)
    {
        settings_.accept = detail::checked_type("request::accept", std::move(types));
        return *this;
    }

    /// Sets the required media type of a successful response, without its parameters. Another type ends the
    /// call with `errc::unexpected_response` before the sink gets a piece; of the response at most the
    /// beginning is read. Default: any. Throws as `content_type`.
    request& response_type(std::string type)
    {
        settings_.response_type = detail::checked_type("request::response_type", std::move(type));
        settings_.any_type = false;
        return *this;
    }

    /// Sets the encoding of the body, in which the response may be encoded as well. Default: none for both.
    request& encoding(content_encoding e)
    {
        settings_.encoding = std::move(e);
        return *this;
    }

    /// Declares that the request may be processed twice. It is then also sent again if it may have been
    /// processed. Default: only for `GET`, `HEAD`, `PUT`, `DELETE` and `OPTIONS`.
    request& idempotent(bool on = true) noexcept
    {
        settings_.idempotent = on;
        return *this;
    }

    /// Gives the body of a successful response to `to` as it arrives. `response::body` stays empty, and
    /// `body_limit` does not apply. After the first piece, the request is not sent again. An exception of the
    /// sink ends the call.
    request& sink(body_sink to)
    {
        settings_.sink = std::move(to);
        return *this;
    }

    /// Limits the decoded body of the response, in bytes. Default: 256 MiB. Throws `errc::invalid_argument`
    /// for zero.
    request& body_limit(std::size_t bytes)
    {
        settings_.body_limit = detail::checked_limit("request::body_limit", bytes);
        return *this;
    }

    /// Limits the time from the request's last byte to the response's first. Zero is no limit. Default:
    /// `timeout_options::first_byte`. Throws `errc::invalid_argument` if negative.
    request& first_byte(duration d)
    {
        settings_.first_byte = detail::checked_duration("request::first_byte", d);
        return *this;
    }

    /// Limits the time between two pieces of the response; an event stream may be silent for long. Zero is no
    /// limit. Default: `timeout_options::between_bytes`. Throws `errc::invalid_argument` if negative.
    request& between_bytes(duration d)
    {
        settings_.between_bytes = detail::checked_duration("request::between_bytes", d);
        return *this;
    }

    /// Sets the time from its beginning for which the call waits out a 503, also of the request for the
    /// model's id. A model that is scaled to zero responds so until a pod is up. The wait takes nothing from
    /// the client's retry budget. A `Retry-After` beyond that time ends the call at once; so does a body that
    /// cannot be sent again. Because a proxy may hold the request back instead, `first_byte` is at least as
    /// long unless it is set. Default: only the retries of `client_options::retry`. Throws
    /// `errc::invalid_argument` if negative.
    request& patience(duration d)
    {
        settings_.patience = detail::checked_duration("request::patience", d);
        return *this;
    }

private:
    friend detail::settings_access;

    detail::request_settings settings_;
};

}} // namespace practicus::v1
