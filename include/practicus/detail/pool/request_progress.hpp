// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/redirect.hpp>
#include <practicus/error.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Redirects followed in one request.
inline constexpr int max_redirects = 3;

/// The step after an attempt.
struct next_step
{
    enum kind
    {
        /// The answer, or the failure, is the result.
        done,
        /// Send to the target of the redirect, at once.
        redirect,
        /// Send again, at once.
        resend,
        /// Send again after `wait`.
        pause
    } action;
    std::chrono::nanoseconds wait{0};

    bool is_retry() const noexcept { return action == resend || action == pause; }
};

/// One request over all its attempts and redirects: its present target, and what follows each attempt. Does
/// no I/O. The request must outlive it.
class request_progress
{
public:
    explicit request_progress(request const& r) : request_(r), target_(r.target)
    {
        facts_.idempotent = is_idempotent(r.method);
        facts_.safe_to_repeat = r.safe_to_repeat;
        facts_.one_time_password = r.one_time_password;
        facts_.rotating_refresh = r.rotating_refresh;
        facts_.renewable_token =
            r.authorized == authorization::access || r.authorized == authorization::session;
    }
    request_progress(request_progress const&) = delete;
    request_progress& operator=(request_progress const&) = delete;

    std::string_view target() const noexcept { return target_; }

    /// Returns true if the next attempt needs a new connection.
    bool fresh() const noexcept { return fresh_; }

    /// As `request_facts::replayable`.
    void set_replayable(bool replayable) noexcept { facts_.replayable = replayable; }

    /// Decides once after each attempt, as `retry_policy::decide`. Follows redirects of a GET or HEAD within
    /// its origin. Sets `op.renew`. Sets `failed` for a redirect that must not be followed.
    next_step after(attempt_outcome const& outcome, response const& answer, failure& failed, operation& op,
                    retry_budget& budget, std::chrono::nanoseconds left, double random)
    {
        auto const decision = op.retries.decide(facts_, outcome, budget, left, random);
        op.renew = decision.action == retry_action::renew;
        fresh_ = decision.action == retry_action::resend;
        if (fresh_) return {next_step::resend};
        if (decision.action == retry_action::wait) return {next_step::pause, decision.wait};
        bool const follows = !failed && facts_.replayable && follow(answer, failed);
        return {follows ? next_step::redirect : next_step::done};
    }

private:
    static bool is_redirect(response const& answer) noexcept
    {
        switch (answer.status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308: return !answer.location.empty();
        default: return false;
        }
    }

    /// Returns true if the answer is a redirect to follow, and sets the next target.
    bool follow(response const& answer, failure& failed)
    {
        bool const reads = request_.method == "GET" || request_.method == "HEAD";
        if (!is_redirect(answer) || !reads) return false;
        auto target = redirect_target(request_.where, target_, answer.location);
        if (!target)
            failed = target.error();
        else if (++redirects_ > max_redirects)
            failed =
                make_failure(errc::redirected, "more than " + std::to_string(max_redirects) + " redirects");
        if (failed) return false;
        redirected_ = std::move(*target);
        target_ = redirected_;
        return true;
    }

    request const& request_;
    request_facts facts_;
    bool fresh_ = false;
    int redirects_ = 0;
    // A view of the request's target, or of `redirected_`.
    std::string_view target_;
    std::string redirected_;
};

}}} // namespace practicus::v1::detail
