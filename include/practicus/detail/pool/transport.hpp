// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/runtime.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/net/connector.hpp>
#include <practicus/detail/pool/answer_decoding.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/pool/pool.hpp>
#include <practicus/detail/pool/pool_set.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/detail/wire/redirect.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Redirects followed in one request.
inline constexpr int max_redirects = 3;

/// Sends requests over pooled connections and reads their answers. Repeats a request if the rules allow it.
/// Thread safety: full.
class transport
{
public:
    transport(std::shared_ptr<runtime> home, service_url service, client_options options)
        : home_(std::move(home)), service_(std::move(service)),
          options_(std::make_shared<client_options const>(std::move(options))), told_(&options_->observer),
          connector_(std::make_shared<connector>(home_, options_)), pools_(pool_set::make(connector_)),
          trusted_(options_->trusted_origins)
    {
        trusted_.push_back(service_.origin());
        // An unreadable file is reported now.
        if (std::any_of(trusted_.begin(), trusted_.end(), [](origin const& o) { return o.secure(); }))
            connector_->tls();
    }

    std::shared_ptr<runtime> const& home() const noexcept { return home_; }
    service_url const& service() const noexcept { return service_; }
    client_options const& options() const noexcept { return *options_; }
    notifier const& told() const noexcept { return told_; }
    dns_cache& names() const noexcept { return connector_->names(); }

    operation begin(std::shared_ptr<call_options const> with) const
    {
        return begin(std::move(with), options_->timeouts.operation);
    }

    /// Begins an operation with the time limit `usual`, unless the call has one.
    operation begin(std::shared_ptr<call_options const> with, std::chrono::milliseconds usual) const
    {
        operation op;
        op.began = home_->time().now();
        op.deadline = phase_end(time_point::max(), op.began,
                                with && settings(*with).timeout ? *settings(*with).timeout : usual);
        op.retries = retry_policy(options_->retry);
        if (with && settings(*with).min_validity) op.min_validity = *settings(*with).min_validity;
        op.with = std::move(with);
        return op;
    }

    /// Ends all operations and closes idle connections.
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

    /// Sends `r` with the token if it asks for one. Follows redirects of a GET within its origin, and repeats
    /// what the retry policy allows. With a flow, the bodies go through that.
    ///
    /// Any status is an answer. Failures are those of connections, and name the request. (One coroutine,
    /// because each costs as much as a small request.)
    asio::awaitable<failure> send(operation& op, request const& r, token const& bearer, response& answer,
                                  body_pipeline* flow = nullptr) const
    {
        // First, so that a foreign origin is neither resolved nor connected to.
        if (auto refused = check_trusted(op, r)) co_return refused;
        op.written = false;
        auto to = pools_->of(r.where);
        if (!to) co_return with_request(to.error(), r, op);
        delivery d(std::move(*to), *options_, r);
        while (true) {
            attempt now;
            note_written const at_end{op, now};
            now.timed = told_ || flow != nullptr;
            auto const asked = now.timed ? home_->time().precise_now() : time_point();
            failure failed;
            lease used;
            try {
                used = d.to->try_acquire(d.fresh);
                while (!used && !failed) {
                    connection_wait waiting(d.to);
                    auto suspended = waiting.until(op.deadline, d.fresh);
                    auto got = waiting.end(co_await std::move(suspended));
                    if (got)
                        used = std::move(*got);
                    else
                        failed = got.error();
                    if (used && used.reused() && used->is_dead()) used.give_up_stale({});
                }
                if (now.timed && !failed) now.timings.wait = home_->time().precise_now() - asked;
                std::string_view rest;
                if (!failed) failed = serialize(used->out, rest, op, r, d, bearer);
                if (!failed) {
                    auto exchanging = flow == nullptr
                                          ? used->exchange(rest, d.bounds, op.deadline, now, answer)
                                          : flow->exchange(*used, rest, d.bounds, op.deadline, now, answer);
                    failed = co_await std::move(exchanging);
                }
                if (!failed && flow == nullptr) failed = decode_body(answer, r.body_limit);
            } catch (...) {
                // A cancellation between two steps, or memory that is refused.
                failed = as_failure(std::current_exception());
            }
            if (flow != nullptr && flow->broken()) co_return with_request(failed, r, op);
            if (flow != nullptr) {
                d.facts.replayable = !flow->begun();
                if (!failed && is_overload(answer.status) && flow->on_overload) flow->on_overload();
                flow->timings = now.timings;
            }
            auto const next = finish_attempt(op, r, d, now, used, failed, answer);
            if (next.action == next_step::done) co_return failed ? with_request(failed, r, op) : nullptr;
            answer = response();
            if (next.action == next_step::again) continue;
            try {
                auto pausing = pause(op, next.wait);
                failed = co_await std::move(pausing);
            } catch (...) {
                failed = as_failure(std::current_exception());
            }
            if (failed) co_return with_request(failed, r, op);
        }
    }

    /// The first check of `send`. Fails with `errc::untrusted_origin`.
    [[nodiscard]] failure check_trusted(operation const& op, request const& r) const
    {
        auto why = require_trusted(r.where, op.with.get());
        return why ? with_request(why, r, op) : nullptr;
    }

    /// The same for an origin and the options of a call, which may be null.
    [[nodiscard]] failure require_trusted(origin const& where, call_options const* with) const
    {
        auto const among = [&](std::vector<origin> const& list) {
            return std::find(list.begin(), list.end(), where) != list.end();
        };
        if (among(trusted_) || (with != nullptr && among(settings(*with).trusted_origins))) return nullptr;
        return make_failure(errc::untrusted_origin, where.str() + " is not " + service_.origin().str() +
                                                        " nor one of client_options::trusted_origins");
    }

    failure with_request(failure const& why, request const& r, operation const& op) const
    {
        return make_failure(with_request(*why, r, op));
    }

    /// Adds the request, the attempts and the elapsed time.
    error_info with_request(error_info info, request const& r, operation const& op) const
    {
        if (info.request.empty()) info.request = r.name();
        if (info.message.empty() && info.code == errc::body_too_large)
            info.message = std::string(r.body_limit_name) + " is its limit";
        if (info.message.empty() && info.code == errc::header_too_large)
            info.message = "limit_options::header is its limit";
        info.attempts = op.retries.attempts();
        info.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(home_->time().now() - op.began);
        return info;
    }

    /// Waits for the next attempt, until the deadline at most.
    asio::awaitable<failure> pause(operation const& op, std::chrono::nanoseconds wait) const
    {
        timed_wait waiting(*home_->limits(), std::make_shared<timed_waiter>());
        auto suspended = waiting.until(std::min(op.deadline, home_->time().now() + wait), [] {});
        auto const ended = waiting.end(co_await std::move(suspended));
        co_return ended.early;
    }

    /// Counts and reports a repeated request.
    void note_retry(origin const& where, std::string const& name, unsigned attempts, unsigned status,
                    boost::system::error_code const& why, std::chrono::nanoseconds wait) const
    {
        retries_.fetch_add(1, std::memory_order_relaxed);
        if (told_) told_(events::retried{where.str(), name, attempts, status, why, wait});
    }

private:
    /// One request with all its attempts and redirects.
    struct delivery
    {
        delivery(std::shared_ptr<pool> p, client_options const& options, request const& r)
            : to(std::move(p)), facts(facts_of(r)),
              target(r.target), bounds{r.first_byte.value_or(options.timeouts.first_byte),
                                       options.timeouts.between_bytes,
                                       options.limits.header,
                                       r.body_limit,
                                       r.secret_response,
                                       r.all_fields}
        {}

        std::shared_ptr<pool> to;
        request_facts facts;
        bool fresh = false;
        int redirects = 0;
        // A view of the request's target, or of `redirected`.
        std::string_view target;
        std::string redirected;
        exchange_limits bounds;
    };

    /// Notes a written request also after an exception: a password is not sent twice.
    struct note_written
    {
        operation& op;
        attempt const& now;

        ~note_written() { op.written = op.written || now.written; }
    };

    struct next_step
    {
        enum
        {
            done,
            again,
            later
        } action;
        std::chrono::nanoseconds wait{0};
    };

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

    static bool is_overload(unsigned status) noexcept { return status == 429 || status == 503; }

    /// The only function that writes a token. Refuses all requests to untrusted origins, also those without a
    /// token: an app's answer decides which token is fetched.
    failure authorize(wire_text& head, operation const& op, request const& r, token const& bearer) const
    {
        if (auto why = require_trusted(r.where, op.with.get())) return why;
        if (r.authorized != authorization::none) head.append(own_field::bearer).append(bearer.reveal());
        return nullptr;
    }

    /// Writes the head and as much of the body as goes with it; `rest` is the remaining body.
    failure serialize(wire_text& out, std::string_view& rest, operation const& op, request const& r,
                      delivery const& d, token const& bearer) const
    {
        out.wipe();
        auto const* const proxy = d.to->forward_proxy();
        out.append(r.method).append(" ");
        if (proxy != nullptr) out.append(r.where.str());
        out.append(d.target).append(d.to->fields());
        out.append(r.accept);
        if (auto why = authorize(out, op, r, bearer)) return why;
        if (proxy != nullptr && proxy->authorization())
            out.append(own_field::proxy_authorization).append(proxy->authorization().reveal());
        if (op.with && !op.shared) out.append(settings(*op.with).fields);
        if (!r.fields.empty()) out.append(r.fields);
        if (!r.accept_encoding.empty()) out.append(own_field::accept_encoding).append(r.accept_encoding);
        if (!r.content_encoding.empty()) out.append(own_field::content_encoding).append(r.content_encoding);
        rest = r.content();
        if (r.chunked || !rest.empty() || expects_body(r.method)) {
            if (r.chunked || !rest.empty()) out.append(own_field::content_type).append(r.content_type);
            if (r.chunked)
                out.append(own_field::transfer_encoding).append("chunked");
            else
                out.append(own_field::content_length).append(std::to_string(rest.size()));
        }
        out.append("\r\n\r\n");
        auto const along = std::min(rest.size(), connection::coalesce_limit -
                                                     std::min(connection::coalesce_limit, out.size()));
        out.append(rest.substr(0, along));
        rest.remove_prefix(along);
        return nullptr;
    }

    static request_facts facts_of(request const& r) noexcept
    {
        request_facts facts;
        facts.idempotent = is_idempotent(r.method);
        facts.safe_to_repeat = r.safe_to_repeat;
        facts.one_time_password = r.one_time_password;
        facts.rotating_refresh = r.rotating_refresh;
        facts.renewable_token =
            r.authorized == authorization::access || r.authorized == authorization::session;
        return facts;
    }

    /// Returns the connection after an attempt, and decides about the next one. After the last one, `failed`
    /// is the result.
    next_step finish_attempt(operation& op, request const& r, delivery& d, attempt const& now, lease& used,
                             failure& failed, response const& answer) const
    {
        attempt_outcome outcome;
        outcome.reused = used && used.reused();
        if (failed) {
            outcome.error = failed->code;
            outcome.bytes_written = now.written;
            outcome.answer_begun = now.begun;
        } else {
            outcome.status = answer.status;
            outcome.retry_after = answer.retry_after;
            outcome.date = answer.date;
            outcome.patience = op.patience_left(home_->time().now());
            outcome.bytes_written = outcome.answer_begun = true;
        }
        if (used) end(used, now, outcome, answer);
        auto const decision =
            op.retries.decide(d.facts, outcome, d.to->budget(), left(op), home_->random().next());
        if (told_) tell(*d.to, op, r, now, outcome);
        op.renew = decision.action == retry_action::renew;
        if (decision.action == retry_action::stop || op.renew) {
            bool const follows = !failed && d.facts.replayable && follow(r, d, answer, failed);
            return {follows ? next_step::again : next_step::done};
        }
        note_retry(d.to->where(), r.name(), op.retries.attempts(), outcome.status, outcome.error,
                   decision.wait);
        d.fresh = decision.action == retry_action::resend;
        return {decision.action == retry_action::wait ? next_step::later : next_step::again, decision.wait};
    }

    /// Returns true if the answer is a redirect to follow, and sets the next target. Sets `failed` if it must
    /// not be followed.
    static bool follow(request const& r, delivery& d, response const& answer, failure& failed)
    {
        if (!is_redirect(answer) || r.method != "GET") return false;
        auto target = redirect_target(r.where, d.target, answer.location);
        if (!target) {
            failed = target.error();
        } else if (++d.redirects > max_redirects) {
            failed =
                make_failure(errc::redirected, "more than " + std::to_string(max_redirects) + " redirects");
        }
        if (failed) return false;
        d.redirected = std::move(*target);
        d.target = d.redirected;
        d.fresh = false;
        return true;
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
    notifier told_;
    std::shared_ptr<connector> connector_;
    std::shared_ptr<pool_set> pools_;
    std::vector<origin> trusted_;
    mutable std::atomic<std::uint64_t> retries_{0};
};

}}} // namespace practicus::v1::detail
