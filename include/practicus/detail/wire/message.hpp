// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/wipe.hpp>
#include <practicus/field_list.hpp>
#include <practicus/secret.hpp>
#include <practicus/url.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The error message for a server with another protocol.
inline constexpr char const* http2_only =
    "the server speaks HTTP/2 only; this client speaks HTTP/1.1, which it must offer as well";

/// Bytes for a socket or from one that may contain a secret; wiped on destruction.
class wire_text
{
public:
    wire_text() = default;
    explicit wire_text(std::string text) noexcept : text_(std::move(text)) {}
    wire_text(wire_text const&) = default;
    wire_text(wire_text&& other) noexcept { take(other); }
    wire_text& operator=(wire_text other) noexcept
    {
        wipe();
        // No heap buffer may be left here: `take` would swap it into `other` and overwrite its capacity.
        std::string().swap(text_);
        take(other);
        return *this;
    }
    ~wire_text() { wipe(); }

    std::string_view view() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    std::size_t size() const noexcept { return text_.size(); }

    /// Appends without leaving a copy in freed memory.
    wire_text& append(std::string_view piece)
    {
        make_room(text_, piece.size());
        text_.append(piece);
        return *this;
    }

    void wipe() noexcept
    {
        detail::wipe(text_.data(), text_.size());
        text_.clear();
    }

private:
    /// Requires `*this` to be empty. A short text is copied, and its old place must be wiped.
    void take(wire_text& from) noexcept
    {
        auto* const place = from.text_.data();
        auto const size = from.text_.size();
        text_.swap(from.text_);
        if (text_.data() != place) detail::wipe(place, size);
    }

    std::string text_;
};

/// The token that a request carries. Added by only one function, which checks the destination.
enum class authorization
{
    none,
    access,
    refresh,
    session
};

/// Returns true for a method that is idempotent (RFC 9110 section 9.2.2).
inline bool is_idempotent(std::string_view method) noexcept
{
    return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
           method == "OPTIONS";
}

/// Returns true for a method whose request says that it has no body (RFC 9110 section 8.6).
inline bool expects_body(std::string_view method) noexcept
{
    return method == "POST" || method == "PUT" || method == "PATCH";
}

/// A request to be sent.
struct request
{
    request(std::string_view verb, url_origin to, std::string path)
        : method(verb), where(std::move(to)), target(std::move(path))
    {}

    std::string_view method;
    url_origin where;
    std::string target;
    authorization authorized = authorization::none;
    std::string_view content_type;
    /// The encoding of the body.
    std::string_view content_encoding;
    /// The accepted encodings of the response: as `console_encoding()`, unless the caller chooses.
    std::string_view accept_encoding = "gzip";
    std::string_view accept = "application/json";
    /// The caller's fields, as `call_settings::fields`.
    std::string_view fields;
    wire_text body;
    /// The body if it is the caller's data, which is not wiped.
    std::string data;
    /// The body is sent in chunks.
    bool chunked = false;
    /// The length of a body that comes in pieces without chunks.
    std::optional<std::uint64_t> length;
    /// The body must not be resent to the target of a redirect.
    bool secret_body = false;
    /// The response may contain a token.
    bool secret_response = true;
    /// The request may be resent although its method is not idempotent.
    bool safe_to_repeat = false;
    /// The request contains a one-time password.
    bool one_time_password = false;
    /// The request contains a refresh token that the region may rotate.
    bool rotating_refresh = false;
    /// All fields of the response are kept.
    bool all_fields = false;
    std::size_t body_limit = 0;
    /// The name of the caller's setting for that limit.
    std::string_view body_limit_name = "limit_options::console_body";
    /// The limit for the first byte of the response, if not the default.
    std::optional<std::chrono::milliseconds> first_byte;
    /// The limit between two pieces of the response, if not the default.
    std::optional<std::chrono::milliseconds> between_bytes;

    /// Returns method and path without the query, for errors.
    std::string name() const { return std::string(method) + ' ' + target.substr(0, target.find('?')); }

    std::string_view content() const noexcept { return data.empty() ? body.view() : data; }
};

/// The kept parts of a response.
struct response
{
    response() = default;
    response(response const&) = default;
    response(response&&) = default;
    response& operator=(response const&) = default;
    response& operator=(response&&) = default;
    ~response() { clear_body(); }

    /// Wipes the body if it may contain a secret; keeps its capacity.
    void clear_body() noexcept
    {
        if (secret) wipe(body.data(), body.size());
        body.clear();
    }

    unsigned status = 0;
    /// As `request::secret_response`.
    bool secret = true;
    bool keep_alive = false;
    /// The response states its end. Otherwise the connection's end is its end, which a crash may also cause.
    bool delimited = true;
    /// The `timeout` of the `Keep-Alive` field.
    std::optional<std::chrono::seconds> keep_alive_timeout;
    std::string content_type;
    std::string content_encoding;
    std::string location;
    std::string retry_after;
    std::string date;
    /// All fields if `request::all_fields` is set, else those that begin with `x-prt-`.
    field_list fields;
    std::string body;
};

}}} // namespace practicus::v1::detail
