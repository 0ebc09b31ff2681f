// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The session token of a client without a login. Thread safety: full.
class given_token
{
public:
    explicit given_token(credentials const& login) : source_(login.source()), value_(login.value()) {}

    /// Returns a given token for credentials of that kind, else null.
    static std::shared_ptr<given_token> of(credentials const& login)
    {
        if (login.type() != credentials::kind::session_token) return nullptr;
        return std::make_shared<given_token>(login);
    }

    /// Returns the token, if it is valid for more than `min` after `now`, by its `exp` claim. An opaque token
    /// is valid.
    result<token> get(std::chrono::sys_seconds now, std::optional<std::chrono::nanoseconds> min)
    {
        auto const left = [&](token const& t) { return *t.claims().expires_at - now; };
        auto const is_over = [&](token const& t) {
            return t.expires_at() && left(t) <= min.value_or(std::chrono::nanoseconds(0));
        };
        auto got = read(secret());
        if (got && is_over(*got)) got = read(got->value());
        if (got && is_over(*got))
            return make_failure(errc::expired_token, left(*got) > left(*got).zero()
                                                         ? "it ends within call_options::min_validity"
                                                         : cannot_renew);
        return got;
    }

    /// Returns the token to use instead of `refused`: the same one if there is no other.
    result<token> read(secret const& refused)
    {
        if (source_) {
            // Without the mutex: the source belongs to the caller.
            try {
                auto now = source_(refused);
                if (!(now == present().value())) replace(credentials::session_token(now.reveal()).value());
            } catch (...) {
                return callback_failure();
            }
        }
        return present();
    }

    /// Tells the source that the token was refused. Returns true if there is another one.
    bool is_replaced(token const& refused)
    {
        auto const other = read(refused.value());
        return other && !(*other == refused);
    }

    static constexpr char const* cannot_renew = "the client cannot renew the session token that it was given";

private:
    token present() const
    {
        std::lock_guard lock(mutex_);
        return value_;
    }

    void replace(secret const& by)
    {
        if (by == present().value()) return;
        token next(by);
        std::lock_guard lock(mutex_);
        value_ = std::move(next);
    }

    session_token_source const source_;
    mutable std::mutex mutex_;
    token value_;
};

}}} // namespace practicus::v1::detail
