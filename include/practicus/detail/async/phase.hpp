// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

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
class notifier
{
public:
    explicit notifier(observer const* told = nullptr) noexcept : told_(told && *told ? told : nullptr) {}

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

}}} // namespace practicus::v1::detail
