// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/wipe.hpp>
#include <practicus/secret.hpp>
#include <practicus/url.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// What an error says where the server has another protocol than this client.
inline constexpr char const* http2_only =
    "the server speaks HTTP/2 only; this client speaks HTTP/1.1, which it must offer as well";

/// Bytes on their way to a socket, or from it, that may hold a secret: wiped when they go.
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
        // `take` leaves the other one with what this one had: only an empty one's place may be wiped after
        // it.
        std::string().swap(text_);
        take(other);
        return *this;
    }
    ~wire_text() { wipe(); }

    std::string_view view() const noexcept { return text_; }
    bool empty() const noexcept { return text_.empty(); }
    std::size_t size() const noexcept { return text_.size(); }

    /// Grows without leaving a copy behind.
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
    /// To be called by an empty one. A short text is copied, and must leave nothing where it was.
    void take(wire_text& from) noexcept
    {
        auto* const place = from.text_.data();
        auto const size = from.text_.size();
        text_.swap(from.text_);
        if (text_.data() != place) detail::wipe(place, size);
    }

    std::string text_;
};

/// Which token a request carries. Written by one function only, which checks where it goes.
enum class authorization
{
    none,
    access,
    refresh,
    session
};

/// A request before it is sent.
struct request
{
    request(std::string_view verb, origin to, std::string path)
        : method(verb), where(std::move(to)), target(std::move(path))
    {}

    std::string_view method;
    origin where;
    std::string target;
    authorization authorized = authorization::none;
    std::string_view content_type;
    /// How the body is encoded.
    std::string_view content_encoding;
    /// How the answer may be: as `console_encoding()`, unless the caller chooses.
    std::string_view accept_encoding = "gzip";
    std::string_view accept = "application/json";
    wire_text body;
    /// The body instead, if it is the caller's data, which is not wiped.
    std::string data;
    /// The body comes piece by piece.
    bool chunked = false;
    /// The body must not follow a redirect.
    bool secret_body = false;
    /// The answer may hold a token.
    bool secret_response = true;
    /// It may be sent twice although its method is not idempotent.
    bool safe_to_repeat = false;
    /// It holds a one-time password.
    bool one_time_password = false;
    /// It holds a refresh token that the region may replace.
    bool rotating_refresh = false;
    std::size_t body_limit = 0;
    /// Where the caller sets that limit.
    std::string_view body_limit_name = "limit_options::console_body";
    /// How long the answer may take to begin, if not as long as usual.
    std::optional<std::chrono::milliseconds> first_byte;

    /// For errors: method and path, without the query.
    std::string name() const { return std::string(method) + ' ' + target.substr(0, target.find('?')); }

    std::string_view content() const noexcept { return data.empty() ? body.view() : data; }
};

/// What is kept of an answer.
struct response
{
    response() = default;
    response(response const&) = default;
    response(response&&) = default;
    response& operator=(response const&) = default;
    response& operator=(response&&) = default;
    ~response() { clear_body(); }

    /// It is wiped, if it may hold a secret; its room stays.
    void clear_body() noexcept
    {
        if (secret) wipe(body.data(), body.size());
        body.clear();
    }

    unsigned status = 0;
    /// `request::secret_response`.
    bool secret = true;
    bool keep_alive = false;
    /// It says where its body ends; else the end of the connection does, which a crash may bring too.
    bool delimited = true;
    /// The `timeout` of its `Keep-Alive`.
    std::optional<std::chrono::seconds> keep_alive_timeout;
    std::string content_type;
    std::string content_encoding;
    std::string location;
    std::string model_id;
    std::string retry_after;
    std::string date;
    std::string body;
};

}}} // namespace practicus::v1::detail
