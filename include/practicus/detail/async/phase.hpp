// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The phases of an exchange. Each has its own limit and its own error.
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

/// Returns the end of a phase that begins now. A limit of zero means none.
inline time_point phase_end(time_point deadline, time_point now, std::chrono::milliseconds limit) noexcept
{
    return limit == limit.zero() ? deadline : std::min(deadline, now + limit);
}

/// Returns the error of a phase that timed out.
inline failure timeout_failure(phase at, time_point deadline, time_point now)
{
    constexpr char const* names[] = {
        "waiting for a connection", "resolving", "connecting",          "in the TLS handshake", "sending",
        "waiting for the response", "receiving", "waiting to try again"};
    if (now >= deadline)
        return make_failure(errc::deadline_exceeded, std::string("while ") + names[static_cast<int>(at)]);
    switch (at) {
    case phase::resolve: return make_failure(errc::resolve_timeout);
    case phase::connect: return make_failure(errc::connect_timeout);
    case phase::tls: return make_failure(errc::tls_timeout);
    case phase::first_byte: return make_failure(errc::first_byte_timeout);
    default: return make_failure(errc::stalled, std::string("while ") + names[static_cast<int>(at)]);
    }
}

/// Calls the observer, if there is one, and ignores its exceptions.
class notifier
{
public:
    explicit notifier(observer const* to = nullptr) noexcept : observer_(to && *to ? to : nullptr) {}

    explicit operator bool() const noexcept { return observer_ != nullptr; }

    void operator()(event const& e) const noexcept
    {
        if (observer_ == nullptr) return;
        try {
            (*observer_)(e);
        } catch (...) {
        }
    }

private:
    observer const* observer_;
};

}}} // namespace practicus::v1::detail
