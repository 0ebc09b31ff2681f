// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace practicus::inline v1::detail {

/// What an exchange is at: each phase has its own limit, and its own error.
enum class phase
{
    wait,
    resolve,
    connect,
    tls,
    write,
    first_byte,
    body,
    pause
};

/// One operation as a whole: its deadline, its attempts, and what its error will tell.
struct operation
{
    time_point began{};
    time_point deadline = time_point::max();
    retry_policy retries;
    std::shared_ptr<call_options const> with;
    /// Of several callers: the call that caused it lends its trusted origins, but not its fields.
    bool shared = false;
    /// How long a token must still live; negative: as long as is usual.
    std::chrono::milliseconds min_validity{-1};
    /// The same for who decides about tokens.
    std::optional<std::chrono::nanoseconds> validity() const noexcept
    {
        return min_validity < min_validity.zero() ? std::nullopt
                                                  : std::optional(std::chrono::nanoseconds(min_validity));
    }
    /// Has anything of the last request been handed to a socket?
    bool written = false;
    /// The last answer is a 401, and it is worth to try again with another token.
    bool renew = false;
};

/// Until when a phase may take that begins now; a limit of zero is none.
inline time_point phase_end(time_point deadline, time_point now, std::chrono::milliseconds limit) noexcept
{
    return limit == limit.zero() ? deadline : std::min(deadline, now + limit);
}

[[noreturn]] inline void throw_timeout(phase at, time_point deadline, time_point now)
{
    constexpr char const* names[] = {
        "waiting for a connection", "resolving", "connecting",          "in the TLS handshake", "sending",
        "waiting for the answer",   "receiving", "waiting to try again"};
    if (now >= deadline)
        throw error(errc::deadline_exceeded, std::string("while ") + names[static_cast<int>(at)]);
    switch (at) {
    case phase::resolve: throw error(errc::resolve_timeout);
    case phase::connect: throw error(errc::connect_timeout);
    case phase::tls: throw error(errc::tls_timeout);
    case phase::first_byte: throw error(errc::first_byte_timeout);
    default: break;
    }
    throw error(errc::stalled, std::string("while ") + names[static_cast<int>(at)]);
}

[[noreturn]] inline void throw_with_cause(errc what, boost::system::error_code const& cause,
                                          std::string message = {})
{
    error_info info;
    info.code = what;
    info.cause = cause;
    info.message = std::move(message);
    throw error(std::move(info));
}

/// Tells the observer, if there is one.
class announcer
{
public:
    explicit announcer(observer const* told = nullptr) noexcept : told_(told && *told ? told : nullptr) {}

    explicit operator bool() const noexcept { return told_ != nullptr; }

    void operator()(event const& e) const noexcept
    {
        if (told_ == nullptr) return;
        try {
            (*told_)(e);
        } catch (...) {
        }
    }

private:
    observer const* told_;
};

} // namespace practicus::inline v1::detail
