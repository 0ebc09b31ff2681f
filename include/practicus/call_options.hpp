// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/detail/base/settings.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

namespace detail {

/// The settings of a `call_options`.
struct call_settings
{
    std::optional<std::chrono::milliseconds> timeout;
    std::optional<std::chrono::milliseconds> min_validity;
    std::optional<std::chrono::milliseconds> patience;
    bool ask_id = false;
    /// Fields as they are written into a request, each after the end of the previous line.
    std::string fields;
    std::vector<url_origin> trusted_origins;
};

} // namespace detail

/// The options of single calls; see `client::with`.
class call_options
{
public:
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    call_options() noexcept {}

    /// Limits the whole operation, including waits, token fetches and retries. Zero is no limit. Default:
    /// `timeout_options::operation`. Throws `errc::invalid_argument` if negative.
    call_options& timeout(duration d)
    {
        settings_.timeout = detail::checked_duration("call_options::timeout", d);
        return *this;
    }

    /// Sets the remaining lifetime that a token must have to be used. Default: 30 s, less for a short-lived
    /// token. Throws `errc::invalid_argument` if negative.
    call_options& min_validity(duration d)
    {
        settings_.min_validity = detail::checked_duration("call_options::min_validity", d);
        return *this;
    }

    /// Sets the time from its beginning for which an operation on a model, an app or an add-on waits out a
    /// 503. The rules are those of `request::patience`, which comes first if set. `timeout`, or by default
    /// `timeout_options::operation`, still ends the operation. Batches have `batch_job::retry_for`. Default:
    /// only the retries of `client_options::retry`. Throws `errc::invalid_argument` if negative.
    call_options& patience(duration d)
    {
        settings_.patience = detail::checked_duration("call_options::patience", d);
        return *this;
    }

    /// Asks the service of a model or an app for its id, even if the id is cached. `client::model_id` then
    /// shows whether the service is available. Default: off.
    call_options& ask_id(bool on = true) noexcept
    {
        settings_.ask_id = on;
        return *this;
    }

    /// Adds a field to the operation's requests, such as `traceparent`. A fetch that several callers share
    /// does not carry it.
    ///
    /// Throws `errc::invalid_argument` for an invalid name or value. Fields of the client (`User-Agent`,
    /// `Accept`), and of the body or the connection (`Content-...`, `Proxy-...`, `Connection`, `Expect`),
    /// are invalid.
    call_options& header(std::string_view name, std::string_view value)
    {
        detail::append_field(settings_.fields, "call_options::header", name, value);
        return *this;
    }

    /// Adds an origin that belongs to the region; see `client_options::trusted_origins`. Throws
    /// `errc::invalid_url`.
    call_options& trusted_origin(std::string_view url)
    {
        settings_.trusted_origins.push_back(service_url(url).origin());
        return *this;
    }

private:
    friend detail::settings_access;

    detail::call_settings settings_;
};

}} // namespace practicus::v1
