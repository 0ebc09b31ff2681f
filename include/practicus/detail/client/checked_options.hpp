// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/checked_duration.hpp>
#include <practicus/detail/wire/no_proxy.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Throws `errc::invalid_argument`, which names the field and quotes nothing of it.
inline void check(proxy_options const& options)
{
    auto const refuse = [](char const* why) {
        throw error(errc::invalid_argument, std::string("client_options::proxy.") + why);
    };
    if (options.mode == proxy_mode::url) {
        proxy const readable(options.url.reveal(), "client_options::proxy.url");
    } else if (!options.url.empty()) {
        refuse("mode must be proxy_mode::url when proxy.url is set");
    }
    if (options.user.find(':') != std::string::npos) refuse("user must not hold a colon");
    if (has_control(options.user)) refuse("user must not hold a control character");
    if (has_control(options.password.reveal())) refuse("password must not hold a control character");
    if (!no_proxy_list::refused(options.no_proxy).empty())
        refuse("no_proxy must be a list of names, addresses or networks, with :port or without");
}

/// Throws `errc::invalid_argument` for a key that has no certificate.
inline void check(tls_options const& options)
{
    if (!options.key_file.empty() && options.certificate_file.empty())
        throw error(errc::invalid_argument,
                    "client_options::tls.key_file needs tls.certificate_file; set both or neither");
}

/// Returns the options as a client uses them, their durations clamped. Throws `errc::invalid_argument`, which
/// names the field.
inline client_options checked(client_options options)
{
    auto const refuse = [](std::string_view why) {
        throw error(errc::invalid_argument, std::string("client_options::").append(why));
    };
    auto const clamp = [](std::string_view field, std::chrono::milliseconds& value) {
        value = checked_duration(std::string("client_options::").append(field), value);
    };
    clamp("timeouts.resolve", options.timeouts.resolve);
    clamp("timeouts.connect", options.timeouts.connect);
    clamp("timeouts.tls", options.timeouts.tls);
    clamp("timeouts.first_byte", options.timeouts.first_byte);
    clamp("timeouts.between_bytes", options.timeouts.between_bytes);
    clamp("timeouts.operation", options.timeouts.operation);
    clamp("pool.idle_timeout", options.pool.idle_timeout);
    clamp("pool.max_age", options.pool.max_age);
    clamp("retry.initial_backoff", options.retry.initial_backoff);
    clamp("retry.max_backoff", options.retry.max_backoff);
    clamp("retry.max_retry_after", options.retry.max_retry_after);
    if (options.limits.header == 0) refuse("limits.header must not be zero");
    if (options.limits.console_body == 0) refuse("limits.console_body must not be zero");
    if (options.limits.listing_body == 0) refuse("limits.listing_body must not be zero");
    if (options.retry.max_attempts == 0) refuse("retry.max_attempts must not be zero; 1 is no retry");
    if (!std::all_of(options.user_agent.begin(), options.user_agent.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f; }))
        refuse("user_agent must hold visible ASCII characters and spaces only");
    check(options.tls);
    check(options.proxy);
    return options;
}

}}} // namespace practicus::v1::detail
