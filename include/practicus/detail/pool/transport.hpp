// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/net/connector.hpp>
#include <practicus/detail/pool/answer_decoding.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/pool/connection_wait.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/pool/pool.hpp>
#include <practicus/detail/pool/pool_set.hpp>
#include <practicus/detail/pool/request_progress.hpp>
#include <practicus/detail/pool/request_writer.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/wire/message.hpp>
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
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Sends requests over pooled connections and reads their answers. Repeats a request if the rules allow it.
/// Thread safety: full.
class transport
{
public:
    transport(std::shared_ptr<client_runtime> runtime, service_url service, client_options options)
        : runtime_(std::move(runtime)), service_(std::move(service)),
          options_(std::make_shared<client_options const>(std::move(options))),
          observer_(&options_->observer), connector_(std::make_shared<connector>(runtime_, options_)),
          pools_(pool_set::make(connector_)), writer_(service_.origin(), options_->trusted_origins)
    {
        // An unreadable file is reported now.
        if (writer_.needs_tls()) connector_->tls();
    }

    std::shared_ptr<client_runtime> const& runtime() const noexcept { return runtime_; }
    service_url const& service() const noexcept { return service_; }
    client_options const& options() const noexcept { return *options_; }
    notifier const& observer() const noexcept { return observer_; }
    dns_cache& dns() const noexcept { return connector_->dns(); }

    operation begin(std::shared_ptr<call_options const> with) const
    {
        return begin(std::move(with), options_->timeouts.operation);
    }

    /// Begins an operation with the time limit `usual`, unless the call has one.
    operation begin(std::shared_ptr<call_options const> with, std::chrono::milliseconds usual) const
    {
        operation op;
        op.began = runtime_->time().now();
        op.deadline = phase_end(time_point::max(), op.began,
                                with && settings(*with).timeout ? *settings(*with).timeout : usual);
        op.retries = retry_policy(options_->retry);
        if (with && settings(*with).min_validity) op.min_validity = *settings(*with).min_validity;
        if (with && settings(*with).patience) op.patient_until = op.began + *settings(*with).patience;
        op.with = std::move(with);
        return op;
    }

    /// Ends all operations and closes idle connections.
    void close() noexcept
    {
        runtime_->close();
        pools_->close();
    }

    void close_idle() const noexcept { pools_->close_idle(); }

    client_stats stats() const
    {
        auto total = pools_->stats();
        total.retries = retries_.load(std::memory_order_relaxed);
        return total;
    }

    /// Sends `r` with the token if it asks for one. Follows redirects of a GET or HEAD within its origin, and
    /// repeats what the retry policy allows. With a flow, the bodies go through that.
    ///
    /// Any status is an answer. Failures are those of connections, and name the request. (One coroutine,
    /// because each costs as much as a small request.)
    asio::awaitable<failure> send(operation& op, request const& r, token const& bearer, response& answer,
                                  body_pipeline* flow = nullptr) const
    {
        delivery d(*options_, op, r);
        if (auto refused = begin_request(op, r, d.to)) co_return refused;
        while (true) {
            running_attempt a{op, flow, start_of(flow)};
            try {
                a.used = d.to->try_acquire(d.progress.fresh());
                while (!a.used && !a.failed) {
                    connection_wait waiting(d.to);
                    auto suspended = waiting.until(op.deadline, d.progress.fresh());
                    a.pick_up(waiting.end(co_await std::move(suspended)));
                }
                if (!a.failed) a.failed = write(a, r, d, bearer);
                if (!a.failed) {
                    auto exchanging = exchange(a, d, answer);
                    a.failed = co_await std::move(exchanging);
                }
                if (!a.failed && flow == nullptr) a.failed = decode_body(answer, r.body_limit);
            } catch (...) {
                // A cancellation between two steps, or memory that is refused.
                a.failed = as_failure(std::current_exception());
            }
            auto const next = finish_attempt(a, r, d, answer);
            if (next.action == next_step::done) co_return a.failed;
            answer = response();
            if (next.action != next_step::pause) continue;
            try {
                auto pausing = pause(op, next.wait);
                a.failed = co_await std::move(pausing);
            } catch (...) {
                a.failed = as_failure(std::current_exception());
            }
            if (a.failed) co_return with_request(a.failed, r, op);
        }
    }

    /// The first check of `send`. Fails with `errc::untrusted_origin`.
    [[nodiscard]] failure check_trusted(operation const& op, request const& r) const
    {
        auto why = writer_.require_trusted(r.where, op.with.get());
        return why ? with_request(why, r, op) : nullptr;
    }

    /// The same for an origin and the options of a call, which may be null.
    [[nodiscard]] failure require_trusted(url_origin const& where, call_options const* with) const
    {
        return writer_.require_trusted(where, with);
    }

    failure with_request(failure const& why, request const& r, operation const& op) const
    {
        return make_failure(with_request(*why, r, op));
    }

    /// Adds the request, the attempts and the elapsed time.
    error_info with_request(error_info info, request const& r, operation const& op) const
    {
        if (info.request.empty()) {
            info.request = r.name();
            info.origin = r.where.str();
        }
        if (info.message.empty() && info.code == errc::body_too_large)
            info.message = std::string(r.body_limit_name) + " is its limit";
        if (info.message.empty() && info.code == errc::header_too_large)
            info.message = "limit_options::header is its limit";
        info.attempts = op.retries.attempts();
        info.elapsed =
            std::chrono::duration_cast<std::chrono::milliseconds>(runtime_->time().now() - op.began);
        return info;
    }

    /// Waits for the next attempt, until the deadline at most.
    asio::awaitable<failure> pause(operation const& op, std::chrono::nanoseconds wait) const
    {
        timed_wait waiting(*runtime_->limits());
        auto suspended = waiting.until(std::min(op.deadline, runtime_->time().now() + wait));
        auto const ended = waiting.end(co_await std::move(suspended));
        co_return ended.early;
    }

    /// Waits until the operation may try again after `why`, a flight's failure, and returns null. Returns the
    /// failure that ends it otherwise.
    asio::awaitable<failure> wait_out(operation& op, failure why) const
    {
        auto const now = runtime_->time().now();
        auto const patience = op.patience_left(now);
        // A flight has its own time limits, and a proxy may hold a request back for longer.
        bool const is_late = why->code == errc::first_byte_timeout || why->code == errc::deadline_exceeded;
        if ((why->status != 503 && !is_late) || !patience) co_return why;
        auto const wait = op.retries.wait_out(*patience, why->retry_after, runtime_->random().next());
        if (!wait || *wait >= left(op)) {
            auto whole = *why;
            whole.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - op.began);
            co_return make_failure(std::move(whole));
        }
        note_retry(*why, *wait);
        auto pausing = pause(op, *wait);
        co_return co_await std::move(pausing);
    }

    /// Counts and reports a repeated request, after its failure.
    void note_retry(error_info const& why, std::chrono::nanoseconds wait) const
    {
        bool const is_refusal = why.status != 0 && !is_success(why.status);
        // A fetch that waited in vain for an access token names no request.
        auto const& where = why.origin.empty() ? service_.origin().str() : why.origin;
        note_retry({where, why.request, why.attempts, why.status,
                    is_refusal ? boost::system::error_code() : why.code, wait});
    }

private:
    /// Not longer than a pause may be: a body that stalls must not hide the error.
    static std::chrono::milliseconds error_body_limit(client_options const& options, request const& r)
    {
        auto const usual = options.timeouts.between_bytes;
        auto const own = r.between_bytes.value_or(usual);
        return usual.count() == 0 || (own.count() != 0 && own < usual) ? own : usual;
    }

    /// One request with all its attempts.
    struct delivery
    {
        delivery(client_options const& options, operation const& op, request const& r)
            : progress(r), bounds{r.first_byte.value_or(op.first_byte(options.timeouts.first_byte)),
                                  r.between_bytes.value_or(options.timeouts.between_bytes),
                                  options.limits.header,
                                  r.body_limit,
                                  r.secret_response,
                                  r.all_fields,
                                  r.method == "HEAD",
                                  error_body_limit(options, r)}
        {}

        std::shared_ptr<pool> to;
        request_progress progress;
        exchange_limits bounds;
        /// The body behind what `connection::out` holds.
        std::string_view rest;
    };

    struct running_attempt
    {
        operation& op;
        body_pipeline* flow;
        /// Empty if the attempt is not timed.
        std::optional<time_point> began;
        attempt now{};
        lease used{};
        failure failed{};

        // Also after an exception: a password is not sent twice.
        ~running_attempt() { op.written = op.written || now.written; }

        void pick_up(result<lease> got)
        {
            if (!got) {
                failed = got.error();
                return;
            }
            used = std::move(*got);
            if (used.reused() && used->is_dead()) used.give_up_stale({});
        }
    };

    void note_retry(events::retried const& e) const
    {
        retries_.fetch_add(1, std::memory_order_relaxed);
        if (observer_) observer_(e);
    }

    static bool is_overload(unsigned status) noexcept { return status == 429 || status == 503; }

    failure begin_request(operation& op, request const& r, std::shared_ptr<pool>& to) const
    {
        // First, so that a foreign origin is neither resolved nor connected to.
        if (auto refused = check_trusted(op, r)) return refused;
        op.written = false;
        auto found = pools_->of(r.where);
        if (!found) return with_request(found.error(), r, op);
        to = std::move(*found);
        return nullptr;
    }

    std::optional<time_point> start_of(body_pipeline const* flow) const noexcept
    {
        bool const timed = observer_ || flow != nullptr;
        return timed ? std::optional(runtime_->time().precise_now()) : std::nullopt;
    }

    failure write(running_attempt& a, request const& r, delivery& d, token const& bearer) const
    {
        a.now.timed = a.began.has_value();
        if (a.began) a.now.timings.wait = runtime_->time().precise_now() - *a.began;
        return writer_.write(a.used->out, d.rest, a.op, r, d.progress.target(), d.to->fields(),
                             d.to->forward_proxy(), bearer);
    }

    static asio::awaitable<failure> exchange(running_attempt& a, delivery const& d, response& answer)
    {
        if (a.flow == nullptr) return a.used->exchange(d.rest, d.bounds, a.op.deadline, a.now, answer);
        return a.flow->exchange(*a.used, d.rest, d.bounds, a.op.deadline, a.now, answer);
    }

    /// Returns the connection after an attempt, and decides what follows. After the last one, `a.failed` is
    /// the result.
    next_step finish_attempt(running_attempt& a, request const& r, delivery& d, response const& answer) const
    {
        bool const broken = a.flow != nullptr && !finish_flow(a, d, answer);
        auto const outcome = outcome_of(a, answer);
        if (broken) a.op.retries.count();
        if (a.used && broken)
            a.used.give_up(a.now);
        else if (a.used)
            end(a.used, a.now, outcome, answer);
        auto const next = broken ? next_step{next_step::done}
                                 : d.progress.after(outcome, answer, a.failed, a.op, d.to->budget(),
                                                    left(a.op), runtime_->random().next());
        if (observer_) notify(*d.to, a.op, r, a.now, outcome);
        if (next.is_retry())
            note_retry({d.to->where().str(), r.name(), a.op.retries.attempts(), outcome.status, outcome.error,
                        next.wait});
        else if (a.failed && next.action == next_step::done)
            a.failed = with_request(a.failed, r, a.op);
        return next;
    }

    /// Returns false if the caller's own source or sink has failed: nothing follows.
    static bool finish_flow(running_attempt const& a, delivery& d, response const& answer)
    {
        if (a.flow->broken()) return false;
        d.progress.set_replayable(!a.flow->begun());
        if (!a.failed && is_overload(answer.status) && a.flow->on_overload) a.flow->on_overload();
        a.flow->timings = a.now.timings;
        return true;
    }

    attempt_outcome outcome_of(running_attempt const& a, response const& answer) const noexcept
    {
        attempt_outcome outcome;
        outcome.reused = a.used && a.used.reused();
        if (a.failed) {
            outcome.error = a.failed->code;
            outcome.bytes_written = a.now.written;
            outcome.answer_begun = a.now.begun;
        } else {
            outcome.status = answer.status;
            outcome.retry_after = answer.retry_after;
            outcome.date = answer.date;
            if (answer.status == 503) outcome.patience = a.op.patience_left(runtime_->time().now());
            outcome.bytes_written = outcome.answer_begun = true;
        }
        return outcome;
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
                                                : op.deadline - runtime_->time().now();
    }

    void notify(pool const& to, operation const& op, request const& r, attempt const& now,
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
        observer_(e);
    }

    std::shared_ptr<client_runtime> runtime_;
    service_url service_;
    std::shared_ptr<client_options const> options_;
    notifier observer_;
    std::shared_ptr<connector> connector_;
    std::shared_ptr<pool_set> pools_;
    request_writer writer_;
    mutable std::atomic<std::uint64_t> retries_{0};
};

}}} // namespace practicus::v1::detail
