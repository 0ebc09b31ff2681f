// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/connection.hpp>
#include <practicus/detail/dialler.hpp>
#include <practicus/detail/message.hpp>
#include <practicus/detail/operation.hpp>
#include <practicus/detail/pool.hpp>
#include <practicus/detail/pool_set.hpp>
#include <practicus/detail/retry_policy.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

/// Redirects followed in one request.
inline constexpr int max_redirects = 3;

/// Sends requests and reads their answers, over pooled connections, again where the rules allow it. Thread
/// safety: full.
class transport
{
public:
    transport(std::shared_ptr<runtime> home, service_url service, client_options options)
        : home_(std::move(home)), service_(std::move(service)),
          options_(std::make_shared<client_options const>(std::move(options))), told_(&options_->observer()),
          dialler_(std::make_shared<dialler>(home_, options_)), pools_(pool_set::make(dialler_)),
          trusted_(options_->trusted_origins())
    {
        trusted_.push_back(service_.origin());
        // Now, for a file that can not be read.
        if (std::any_of(trusted_.begin(), trusted_.end(), [](origin const& o) { return o.secure(); }))
            dialler_->tls();
    }

    std::shared_ptr<runtime> const& home() const noexcept { return home_; }
    service_url const& service() const noexcept { return service_; }
    client_options const& options() const noexcept { return *options_; }
    announcer const& told() const noexcept { return told_; }
    name_cache& names() const noexcept { return dialler_->names(); }

    operation begin(std::shared_ptr<call_options const> with) const
    {
        operation op;
        op.began = home_->time().now();
        op.deadline =
            phase_end(time_point::max(), op.began,
                      with && with->deadline() ? *with->deadline() : options_->timeouts().operation());
        op.retries = retry_policy(retry_limits{options_->retry().attempts(), options_->retry().base(),
                                               options_->retry().cap(), options_->retry().patience()});
        op.with = std::move(with);
        return op;
    }

    /// Ends all operations, and closes what is idle.
    void close() noexcept
    {
        home_->close();
        pools_->close();
    }

    void close_idle() const noexcept { pools_->close_idle(); }

    client_stats stats() const
    {
        auto total = pools_->stats();
        total.retries = retries_.load(std::memory_order_relaxed);
        return total;
    }

    /// Sends `r` with the token, if it asks for one, and follows redirects of a GET within its origin; sends
    /// again what the retry policy allows. Any status is an answer. Throws what the connection can end with,
    /// with the request's name in the error.
    asio::awaitable<response> send(operation& op, request const& r, token bearer) const
    {
        std::shared_ptr<error_info const> failure;
        try {
            // Before anything is resolved or dialled: an origin that is not the region's learns nothing.
            require_trusted(op, r);
            op.written = false;
            auto const to = pools_->of(r.where);
            auto target = r.target;
            for (int hops = 0; hops <= max_redirects; ++hops) {
                auto answer = co_await send_to(*to, op, r, target, bearer);
                if (!is_redirect(answer) || r.method != "GET") co_return answer;
                target = redirect_target(r, target, answer.location);
            }
            throw error(errc::redirected, "more than " + std::to_string(max_redirects) + " redirects");
        } catch (...) {
            failure = current_error_info();
        }
        throw error(with_request(*failure, r, op));
    }

    /// Adds what only the operation knows.
    error_info with_request(error_info info, request const& r, operation const& op) const
    {
        if (info.request.empty()) info.request = r.name();
        info.attempts = op.retries.attempts();
        info.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(home_->time().now() - op.began);
        return info;
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

    /// Within the same origin only: a token must not follow a redirect to where nobody sent it.
    static std::string redirect_target(request const& r, std::string const& target, std::string_view location)
    {
        auto const here = r.where.str() + target;
        auto const base = boost::urls::parse_uri(here);
        auto const reference = boost::urls::parse_uri_reference({location.data(), location.size()});
        boost::urls::url resolved;
        if (!base || !reference || !boost::urls::resolve(*base, *reference, resolved))
            throw error(errc::redirected, "to a location that is no url");
        resolved.remove_fragment();
        bool same = false;
        try {
            auto const authority =
                std::string(resolved.scheme()) + "://" + std::string(resolved.encoded_host_and_port());
            same = !resolved.has_userinfo() && origin(authority) == r.where;
        } catch (error const&) {
        }
        if (!same) throw error(errc::untrusted_origin, "the answer is a redirect to another origin");
        std::string result(std::string_view(resolved.encoded_target()));
        if (result.empty() || result.starts_with('?')) result.insert(0, 1, '/');
        // Boost.URL 1.81 takes what follows a bad port for a path.
        if (!result.starts_with('/')) throw error(errc::redirected, "to a location that is no url");
        return result;
    }

    void require_trusted(operation const& op, request const& r) const
    {
        auto const among = [&](std::vector<origin> const& list) {
            return std::find(list.begin(), list.end(), r.where) != list.end();
        };
        if (among(trusted_) || (op.with && among(op.with->trusted_origins()))) return;
        throw error(errc::untrusted_origin, r.where.str() + " is not " + service_.origin().str() +
                                                " nor one of client_options::trusted_origin");
    }

    /// The one place that lets a request out: to the region's own origins only. Also one without a token:
    /// what an app's service answers decides which token is asked for.
    void authorize(wire_text& head, operation const& op, request const& r, token const& bearer) const
    {
        require_trusted(op, r);
        if (r.authorized != authorization::none)
            head.append("Authorization: Bearer ").append(bearer.reveal()).append("\r\n");
    }

    /// Writes head and body; returns what of the body does not go along with the head.
    std::string_view serialize(wire_text& out, operation const& op, request const& r, std::string_view target,
                               token const& bearer) const
    {
        out.wipe();
        auto const* const via = dialler_->forwarder(r.where);
        out.append(r.method).append(" ");
        if (via != nullptr) out.append(r.where.str());
        out.append(target).append(" HTTP/1.1\r\nHost: ");
        out.append(r.where.host_header());
        out.append("\r\nUser-Agent: ").append(options_->user_agent());
        out.append("\r\nAccept: application/json\r\n");
        authorize(out, op, r, bearer);
        if (via != nullptr && via->authorization())
            out.append("Proxy-Authorization: ").append(via->authorization().reveal()).append("\r\n");
        if (op.with) out.append(op.with->headers());
        if (!r.body.empty() || r.method == "POST") {
            out.append("Content-Type: ").append(r.content_type);
            out.append("\r\nContent-Length: ").append(std::to_string(r.body.size())).append("\r\n");
        }
        out.append("\r\n");
        auto rest = r.body.view();
        auto const along =
            std::min(rest.size(), connection::together - std::min(connection::together, out.size()));
        out.append(rest.substr(0, along));
        rest.remove_prefix(along);
        return rest;
    }

    static request_facts facts_of(request const& r) noexcept
    {
        request_facts facts;
        facts.idempotent = r.method == "GET";
        facts.safe_to_repeat = r.safe_to_repeat;
        facts.one_time_password = r.one_time_password;
        facts.rotating_refresh = r.rotating_refresh;
        facts.renewable_token =
            r.authorized == authorization::access || r.authorized == authorization::session;
        return facts;
    }

    /// One target, until an answer or an error stands.
    asio::awaitable<response> send_to(pool& to, operation& op, request const& r, std::string_view target,
                                      token bearer) const
    {
        auto const& limits = options_->limits();
        exchange_limits const bounds{options_->timeouts().first_byte(), options_->timeouts().between_bytes(),
                                     limits.header(), r.body_limit};
        bool fresh = false;
        // A dead connection would be the end of a request that is not sent again.
        auto const facts = facts_of(r);
        bool const careful = !may_be_repeated(facts);
        while (true) {
            attempt now;
            now.timed = static_cast<bool>(told_);
            attempt_outcome outcome;
            response answer;
            std::shared_ptr<error_info const> failure;
            lease used;
            auto const asked = now.timed ? home_->time().precise_now() : time_point();
            try {
                used = to.try_acquire(fresh, careful);
                while (!used) {
                    used = co_await to.acquire(op.deadline, fresh);
                    if (careful && used->reused() && used->is_dead()) used.give_up_stale({});
                }
                if (now.timed) now.timings.wait = home_->time().precise_now() - asked;
                outcome.reused = used->reused();
                auto const rest = serialize(used->out, op, r, target, bearer);
                answer = co_await used->exchange(rest, bounds, op.deadline, now);
            } catch (...) {
                failure = current_error_info();
            }
            op.written = op.written || now.written;
            if (failure) {
                outcome.error = failure->code;
                outcome.bytes_written = now.written;
                outcome.answer_begun = now.begun;
            } else {
                outcome.status = answer.status;
                outcome.retry_after = answer.retry_after;
                outcome.date = answer.date;
                outcome.bytes_written = outcome.answer_begun = true;
            }
            if (used) end(used, now, outcome, answer);
            auto const decision =
                op.retries.decide(facts, outcome, to.budget(), left(op), home_->random().next());
            if (told_) tell(to, op, r, now, outcome);
            op.renew = decision.action == retry_action::renew;
            if (decision.action == retry_action::stop || op.renew) {
                if (failure) throw error(std::move(failure));
                co_return answer;
            }
            retries_.fetch_add(1, std::memory_order_relaxed);
            if (told_)
                told_(events::retried{to.where().str(), r.name(), op.retries.attempts(), outcome.status,
                                      outcome.error, decision.wait});
            fresh = decision.action == retry_action::resend;
            if (decision.action == retry_action::wait) co_await pause(op, decision.wait);
        }
    }

    static void end(lease& used, attempt const& now, attempt_outcome const& outcome, response const& answer)
    {
        if (outcome.status != 0)
            used.give_back(now, answer.keep_alive_timeout);
        else if (outcome.reused && !now.begun && outcome.error == errc::connection_lost)
            used.give_up_stale(now);
        else
            used.give_up(now);
    }

    std::chrono::nanoseconds left(operation const& op) const noexcept
    {
        return op.deadline == time_point::max() ? std::chrono::nanoseconds::max()
                                                : op.deadline - home_->time().now();
    }

    asio::awaitable<void> pause(operation const& op, std::chrono::nanoseconds wait) const
    {
        auto const ended = co_await timed_wait(*home_->limits(), std::make_shared<timed_waiter>(),
                                               std::min(op.deadline, home_->time().now() + wait), [] {});
        if (ended.code == asio::error::operation_aborted) throw_aborted();
        if (ended.why == expiry::closed) throw error(errc::client_closed);
    }

    void tell(pool const& to, operation const& op, request const& r, attempt const& now,
              attempt_outcome const& outcome) const
    {
        events::exchanged e;
        auto const name = r.name();
        e.origin = to.where().str();
        e.request = name;
        e.attempt = op.retries.attempts();
        e.status = outcome.status;
        e.error = outcome.error;
        e.timings = now.timings;
        e.bytes_sent = now.bytes_sent;
        e.bytes_received = now.bytes_received;
        told_(e);
    }

    std::shared_ptr<runtime> home_;
    service_url service_;
    std::shared_ptr<client_options const> options_;
    announcer told_;
    std::shared_ptr<dialler> dialler_;
    std::shared_ptr<pool_set> pools_;
    std::vector<origin> trusted_;
    mutable std::atomic<std::uint64_t> retries_{0};
};

} // namespace practicus::inline v1::detail
