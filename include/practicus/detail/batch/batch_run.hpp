// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_job.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_queue.hpp>
#include <practicus/detail/batch/batch_reader.hpp>
#include <practicus/detail/batch/batch_results.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/detail/batch/checked_job.hpp>
#include <practicus/detail/batch/csv_format.hpp>
#include <practicus/detail/batch/json_lines_format.hpp>
#include <practicus/detail/client/call_run.hpp>
#include <practicus/detail/client/calls.hpp>
#include <practicus/detail/wire/answer_check.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// One run over many batches. One coroutine starts and writes. It has a child that reads the next batch
/// ahead, and one for each batch on its way.
class batch_run : public std::enable_shared_from_this<batch_run>
{
public:
    batch_run(handle h, batch_job const& job, std::shared_ptr<child_group> children)
        : handle_(std::move(h)), job_(checked(job)), children_(std::move(children)),
          op_(handle_.begin_unlimited()), format_(make_format(job_)),
          queue_(bounds(), job_.resume.header, job_.resume.rows != 0), reader_(job_, *format_, queue_),
          results_(job_, *format_, op_.began)
    {
        if (job.begun_->exchange(true))
            throw error(errc::invalid_argument, "batch_job runs once: its source is read and its sink may "
                                                "have results; make a job for each run");
    }

    asio::awaitable<result<batch_progress>> run()
    {
        while (true) {
            failure failed;
            if (auto const ready = queue_.take_ended())
                failed = co_await results_.write(*ready);
            else if (auto again = queue_.take_due(now()))
                start(std::move(again));
            else if (auto next = queue_.take_read(now()))
                start(std::move(next));
            else if (queue_.begin_reading())
                read_ahead();
            else if (queue_.is_waiting())
                failed = co_await wait();
            else
                break;
            if (!failed) failed = lost_child();
            if (!failed && now() >= results_.report_at())
                failed = results_.report(queue_.counts(), now(), false);
            if (failed) co_return failed;
        }
        if (auto failed = finish()) co_return failed;
        co_return results_.progress();
    }

private:
    /// A child's report, due when its coroutine is gone.
    struct report
    {
        explicit report(std::shared_ptr<batch_run> r) noexcept : run(std::move(r)) {}
        report(report const&) = delete;
        report& operator=(report const&) = delete;
        ~report()
        {
            if (!made) run->lose();
        }

        std::shared_ptr<batch_run> run;
        bool made = false;
    };

    static std::unique_ptr<batch_format const> make_format(batch_job const& job)
    {
        if (auto const& lines = job.json_lines)
            return std::make_unique<json_lines_format>(job.url, *lines, job.max_bytes);
        return std::make_unique<csv_format>(job.url, job.max_rows, job.max_bytes);
    }

    session& state() const noexcept { return handle_.state(); }
    std::shared_ptr<client_runtime> const& runtime() const noexcept { return state().transport().runtime(); }
    time_point now() const noexcept { return runtime()->time().now(); }

    batch_bounds bounds() const
    {
        batch_bounds b;
        b.in_flight = job_.in_flight;
        b.max_attempts = job_.max_attempts;
        b.retry_for = job_.retry_for;
        b.pause = state().transport().options().retry.initial_backoff;
        b.rows_may_fail = static_cast<bool>(job_.rejected_rows);
        return b;
    }

    void read_ahead()
    {
        auto const due = std::make_shared<report>(shared_from_this());
        children_->start([due] { return read_next(due); });
    }

    static asio::awaitable<void> read_next(std::shared_ptr<report> due)
    {
        auto& self = *due->run;
        deadline_service::operation_guard const running(self.runtime()->limits());
        auto reading = no_throw(self.reader_.read());
        self.queue_.has_read(co_await std::move(reading));
        self.news_.set();
        due->made = true;
    }

    void start(std::shared_ptr<batch_sending> batch)
    {
        auto const due = std::make_shared<report>(shared_from_this());
        children_->start([due, batch] { return run(due, batch); });
    }

    /// Sends a batch until it ends or waits for its next attempt. Halves it while it is refused for its size.
    static asio::awaitable<void> run(std::shared_ptr<report> due, std::shared_ptr<batch_sending> sent)
    {
        auto& self = *due->run;
        deadline_service::operation_guard const running(self.runtime()->limits());
        std::optional<std::chrono::nanoseconds> wait;
        while (!sent->is_done() && !wait) {
            if (self.queue_.is_too_large(sent->next())) {
                sent->halve_next(self.format_->halve(sent->next()));
                continue;
            }
            if (!sent->next().fault.empty()) {
                sent->refuse();
                continue;
            }
            auto trying = self.try_out(*sent);
            wait = co_await std::move(trying);
        }
        if (wait)
            self.pause(std::move(sent), *wait);
        else
            self.queue_.end(std::move(sent), self.now());
        self.news_.set();
        due->made = true;
    }

    /// Sends the next part once. Returns the pause before it is sent again, if it is.
    asio::awaitable<std::optional<std::chrono::nanoseconds>> try_out(batch_sending& sent)
    {
        auto const began = now();
        auto const in = input_of(sent.next(), sent.ticket());
        auto predicting = no_throw(call(handle_, in));
        auto answer = co_await std::move(predicting);
        queue_.resent(in->sent > 0 ? in->sent - 1 : 0);
        batch_result result;
        auto failed = answer ? check(sent.next(), *answer, *in, result) : answer.error();
        if (!failed) {
            sent.answered(std::move(result));
            co_return std::nullopt;
        }
        attempt_facts facts;
        facts.reached_model = in->reached_model;
        bool const refused = !is_retryable(failed->code) &&
                             is_other_version(job_.model_version, in->answered_by, answer.has_value());
        // Without any version, no later response may name one either.
        facts.other_version = refused && !in->answered_by.empty();
        facts.own_url = job_.json_lines && queue_.has_believed();
        if (refused) failed = refuse_version(*failed, in->answered_by);
        bool const is_too_large = facts.reached_model && !facts.other_version && failed->status == 413;
        bool const halved = is_too_large && queue_.note_too_large(sent.next());
        auto const wait = sent.failed(*failed, began, now(), runtime()->random().next(), facts);
        if (!wait && !halved) split_or_give_up(sent, *failed);
        co_return wait;
    }

    /// Returns the failure for a response of another version.
    failure refuse_version(error_info const& why, std::string_view came) const
    {
        auto other = other_version(job_.model_version, came);
        other.status = why.status;
        other.attempts = why.attempts;
        other.request = why.request;
        other.origin = why.origin;
        return make_failure(std::move(other));
    }

    /// Halves a request of several lines if one line may be at fault, or the response was too large.
    /// Otherwise gives up.
    void split_or_give_up(batch_sending& sent, error_info const& why) const
    {
        bool const may_be_one = why.code == errc::bad_request || why.code == errc::body_too_large;
        if (job_.json_lines && may_be_one && sent.are_rows_at_fault() && sent.next().rows > 1)
            sent.halve_next(format_->halve(sent.next()));
        else
            sent.give_up();
    }

    void pause(std::shared_ptr<batch_sending> batch, std::chrono::nanoseconds wait)
    {
        auto const why = batch->failure();
        queue_.pause(std::move(batch), now(), wait);
        state().transport().note_retry(*why, wait);
    }

    std::shared_ptr<call_input> input_of(batch_text const& batch, aimd_window::ticket ticket)
    {
        auto to_send = format_->request(batch);
        auto how = job_.request_options;
        how.content_type(std::string(format_->media_type())).idempotent().sink({});
        if (!settings(how).body_limit) how.body_limit(std::max(16 * job_.max_bytes, std::size_t{16} << 20));
        request_settings sent;
        static_cast<predict_settings&>(sent) = settings(how);
        sent.body = std::move(to_send.body);
        sent.all_fields = true;
        auto in = std::make_shared<call_input>(std::move(to_send.to), std::move(sent));
        in->settings.any_type = in->retried_by_caller = true;
        in->on_overload = [self = shared_from_this(), ticket] { self->queue_.overloaded(ticket); };
        return in;
    }

    /// Returns the failure of an invalid response to the batch; otherwise sets `result`.
    failure check(batch_text const& batch, prediction const& answer, call_input const& in,
                  batch_result& result)
    {
        batch_answer came;
        came.rows = batch.rows;
        auto const& how = settings(job_.request_options);
        came.wanted = how.response_type.empty() ? format_->media_type() : std::string_view(how.response_type);
        came.content_type = answer.content_type;
        came.body = answer.body;
        came.status = answer.status;
        came.request_id = answer.field("x-request-id");
        came.delimited = in.delimited;
        came.others_believed = queue_.has_believed();
        std::optional<error_info> wrong;
        if (is_other_version(job_.model_version, in.answered_by, true))
            wrong.emplace().code = errc::unexpected_response;
        if (!wrong) wrong = format_->read(batch, came, result);
        if (!wrong) wrong = queue_.check_header(header_names(result.header));
        result.version = capped(in.answered_by, 64);
        if (!wrong) return nullptr;
        wrong->status = answer.status;
        wrong->attempts = answer.attempts;
        wrong->origin = job_.url.origin().str();
        wrong->request = std::string(how.method).append(" ").append(format_->request(batch).to.target());
        return make_failure(std::move(*wrong));
    }

    /// Called when a child ended without a report, because memory was refused or the client's context is
    /// gone.
    void lose() noexcept
    {
        lost_ = true;
        news_.set();
    }

    failure lost_child() { return lost_ ? fixed_error<boost::system::errc::not_enough_memory>() : nullptr; }

    /// Waits for a read, for the end of a batch, or for the next progress report.
    asio::awaitable<failure> wait()
    {
        auto const until = std::min({results_.report_at(), queue_.next_try(), op_.deadline});
        condition_wait waiting(news_, *runtime()->limits());
        auto suspended = waiting.until(until);
        auto const ended = waiting.end(co_await std::move(suspended));
        news_.clear();
        if (ended.early) co_return ended.early;
        if (now() < op_.deadline) co_return nullptr;
        co_return timeout_failure(phase::first_byte, op_.deadline, now());
    }

    failure finish()
    {
        if (auto failed = queue_.source_failure()) return failed;
        if (auto failed = reader_.check_end()) return failed;
        return results_.report(queue_.counts(), now(), true);
    }

    handle handle_;
    batch_job const job_;
    std::shared_ptr<child_group> children_;
    operation op_;
    std::unique_ptr<batch_format const> const format_;
    batch_queue queue_;
    batch_reader reader_;
    batch_results results_;

    std::atomic<bool> lost_{false};
    condition news_;
};

inline asio::awaitable<result<batch_progress>> run_batches(handle h, std::shared_ptr<batch_job> job,
                                                           std::shared_ptr<child_group> children)
{
    auto const run = std::make_shared<batch_run>(std::move(h), *job, std::move(children));
    co_return co_await run->run();
}

inline asio::awaitable<result<batch_progress>> predict_batches(handle h, std::shared_ptr<batch_job> job)
{
    auto const runtime = h.state().transport().runtime();
    children const all(runtime);
    // The source, say, refers to what is the caller's.
    auto ending = child_group::end(all.group(), co_await asio::this_coro::executor);
    auto running = with_children(run_batches(std::move(h), std::move(job), all.group()), std::move(ending));
    co_return co_await std::move(running);
}

}}} // namespace practicus::v1::detail
