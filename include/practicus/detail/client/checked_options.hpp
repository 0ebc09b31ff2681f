// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/option_check.hpp>
#include <practicus/detail/wire/no_proxy.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

inline constexpr option_check client_check{"client_options"};

/// Throws `errc::invalid_argument`, which names the field and quotes nothing of it.
inline void check(proxy_options const& options)
{
    if (options.mode == proxy_mode::url)
        proxy const readable(options.url.reveal(), "client_options::proxy.url");
    else
        client_check.require(options.url.empty(), "proxy.mode must be proxy_mode::url when proxy.url is set");
    client_check.require(options.user.find(':') == std::string::npos, "proxy.user must not hold a colon");
    client_check.require(!has_control(options.user), "proxy.user must not hold a control character");
    client_check.require(!has_control(options.password.reveal()),
                         "proxy.password must not hold a control character");
    client_check.require(no_proxy_list::refused(options.no_proxy).empty(),
                         "proxy.no_proxy must be a list of names, addresses or networks, with :port or "
                         "without");
}

/// Throws `errc::invalid_argument` for a key that has no certificate.
inline void check(tls_options const& options)
{
    client_check.require(options.key_file.empty() || !options.certificate_file.empty(),
                         "tls.key_file needs tls.certificate_file; set both or neither");
}

/// Returns the options as a client uses them, their durations clamped. Throws `errc::invalid_argument`, which
/// names the field.
inline client_options checked(client_options options)
{
    auto const clamp = [](std::string_view member, std::chrono::milliseconds& value) {
        value = client_check.clamped(member, value);
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
    client_check.not_zero("limits.header", options.limits.header);
    client_check.not_zero("limits.console_body", options.limits.console_body);
    client_check.not_zero("limits.listing_body", options.limits.listing_body);
    client_check.require(options.retry.max_attempts != 0,
                         "retry.max_attempts must not be zero; 1 is no retry");
    client_check.require(std::all_of(options.user_agent.begin(), options.user_agent.end(),
                                     [](char c) { return c >= 0x20 && c < 0x7f; }),
                         "user_agent must hold visible ASCII characters and spaces only");
    check(options.tls);
    check(options.proxy);
    return options;
}

}}} // namespace practicus::v1::detail
