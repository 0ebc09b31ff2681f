// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

/// What single calls do differently; see `client::with`.
class call_options
{
public:
    /// Times are in milliseconds.
    using duration = std::chrono::milliseconds;

    call_options() noexcept {}

    /// How long the operation may take as a whole: waits, token fetches, retries. Zero is no limit. Default:
    /// `timeout_options::operation`. Throws `errc::invalid_argument` if negative.
    call_options& deadline(duration d)
    {
        if (d < duration::zero()) throw error(errc::invalid_argument, "the deadline is negative");
        deadline_ = std::min<duration>(d, std::chrono::hours(24 * 365));
        return *this;
    }
    std::optional<duration> const& deadline() const noexcept { return deadline_; }

    /// How long a token must still live to be used. Default: 30 s, less for one that lives but short. Throws
    /// `errc::invalid_argument` if negative.
    call_options& min_validity(duration d)
    {
        if (d < duration::zero()) throw error(errc::invalid_argument, "min_validity is negative");
        min_validity_ = std::min<duration>(d, std::chrono::hours(24 * 365));
        return *this;
    }
    std::optional<duration> const& min_validity() const noexcept { return min_validity_; }

    /// Ask the service of a model or an app for its id, also if the id is remembered: `client::model_id` then
    /// tells whether the service is there. Default: off.
    call_options& ask_id(bool on = true) noexcept
    {
        ask_id_ = on;
        return *this;
    }
    bool asks_id() const noexcept { return ask_id_; } ///< True if the id is asked for anew.

    /// One more field for the operation's requests, `traceparent` say; a fetch that is shared with others
    /// does not carry it. Throws `errc::invalid_argument` for a name or value that no header can have, for
    /// the fields that the client writes itself (`User-Agent`, `Accept`), and for those that describe the
    /// body or the connection (`Content-...`, `Proxy-...`, `Connection`, `Expect`).
    call_options& header(std::string_view name, std::string_view value)
    {
        if (!detail::is_token(name))
            throw error(errc::invalid_argument, "a header's name holds a character that no name has");
        if (detail::is_own_field(name))
            throw error(errc::invalid_argument, "the header '" + std::string(name) + "' is the client's own");
        if (detail::has_control(value))
            throw error(errc::invalid_argument,
                        "the value of the header '" + std::string(name) + "' holds a control character");
        headers_.append("\r\n").append(name).append(": ").append(value);
        return *this;
    }
    /// As they go into a request, each line behind the end of the one before.
    std::string const& headers() const noexcept { return headers_; }

    /// One more origin that is the region's own, as `client_options::trusted_origins`. Throws
    /// `errc::invalid_url`.
    call_options& trusted_origin(std::string_view url)
    {
        trusted_origins_.push_back(service_url(url).origin());
        return *this;
    }
    /// Those that were added, in order.
    std::vector<origin> const& trusted_origins() const noexcept { return trusted_origins_; }

private:
    std::optional<duration> deadline_;
    std::optional<duration> min_validity_;
    bool ask_id_ = false;
    std::string headers_;
    std::vector<origin> trusted_origins_;
};

}} // namespace practicus::v1
