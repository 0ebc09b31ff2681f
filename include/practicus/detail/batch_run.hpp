// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch.hpp>
#include <practicus/detail/answer_check.hpp>
#include <practicus/detail/batch_retry.hpp>
#include <practicus/detail/batch_window.hpp>
#include <practicus/detail/calls.hpp>
#include <practicus/detail/csv_cutter.hpp>
#include <practicus/detail/prediction_call.hpp>
#include <practicus/detail/run_operation.hpp>
#include <practicus/detail/sweeper.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

/// One run over many batches. One coroutine starts and writes. Its children are one that reads the next batch
/// ahead, and one for each batch on its way.
class batch_run : public std::enable_shared_from_this<batch_run>
{
public:
    batch_run(handle h, batch_job const& job, std::shared_ptr<child_group> children)
        : handle_(std::move(h)), job_(job), children_(std::move(children)), op_(handle_.begin_unlimited()),
          cutter_(job.rows(), job.bytes()), window_(job.in_flight())
    {
        cutter_.skip_rows(rows_before());
        progress_.rows = job.resumed_rows();
        progress_.failed_rows = job.resumed_failed();
    }

    asio::awaitable<batch_progress> go()
    {
        while (true) {
            if (auto ready = take_ended())
                co_await write_all(std::move(*ready));
            else if (auto next = take_read())
                start(std::move(*next));
            else if (may_read())
                read_ahead();
            else if (is_waiting())
                co_await wait();
            else
                break;
            check_lost();
            tell(false);
        }
        if (source_failure_) throw error(source_failure_);
        check_resumed();
        if (job_.is_resumed() && progress_.batches == 0) co_await call_back(job_.sink(), std::string());
        if (job_.is_resumed() && job_.failed_to() && progress_.failed_rows == job_.resumed_failed())
            co_await call_back(job_.failed_to(), std::string());
        tell(true);
        co_return progress_;
    }

private:
    /// A batch whose end is known. (No aggregate: g++ 12 destroys those twice.)
    struct outcome
    {
        outcome() = default;

        csv_batch batch;
        prediction answer;
        std::shared_ptr<error_info const> failure;
    };

    /// A batch that may be sent.
    struct startable
    {
        startable(csv_batch b, batch_window::ticket t) : batch(std::move(b)), ticket(t) {}

        csv_batch batch;
        batch_window::ticket ticket;
    };

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

    session& state() const noexcept { return handle_.state(); }
    std::shared_ptr<runtime> const& home() const noexcept { return state().home(); }
    time_point now() const noexcept { return home()->time().now(); }
    std::uint64_t rows_before() const noexcept { return job_.resumed_rows() + job_.resumed_failed(); }

    /// What became of one batch: of its parts, in order, if it was halved.
    using outcomes = std::vector<outcome>;

    std::optional<outcomes> take_ended()
    {
        std::lock_guard lock(mutex_);
        std::optional<outcomes> result;
        auto const first = ended_.begin();
        if (first == ended_.end() || first->first != written_) return result;
        result.emplace(std::move(first->second));
        ended_.erase(first);
        return result;
    }

    /// What waits for its turn counts as well: the memory's bound.
    std::optional<startable> take_read()
    {
        std::lock_guard lock(mutex_);
        std::optional<startable> result;
        if (!next_ || !window_.may_start() || started_ - written_ >= job_.in_flight()) return result;
        result.emplace(std::move(*next_), window_.start());
        next_.reset();
        return result;
    }

    bool may_read()
    {
        std::lock_guard lock(mutex_);
        return !is_reading_ && !next_ && !read_all_;
    }

    bool is_waiting()
    {
        std::lock_guard lock(mutex_);
        return is_reading_ || next_ || written_ != started_;
    }

    void read_ahead()
    {
        auto const due = std::make_shared<report>(shared_from_this());
        {
            std::lock_guard lock(mutex_);
            is_reading_ = true;
        }
        children_->start([due] { return read_next(due); });
    }

    static asio::awaitable<void> read_next(std::shared_ptr<report> due)
    {
        auto& self = *due->run;
        sweeper::activity const running(self.home()->limits());
        std::optional<csv_batch> batch;
        std::shared_ptr<error_info const> failure;
        try {
            batch = co_await self.read();
        } catch (...) {
            failure = current_error_info();
        }
        self.has_read(std::move(batch), std::move(failure));
        due->made = true;
    }

    asio::awaitable<std::optional<csv_batch>> read()
    {
        std::optional<csv_batch> batch = cutter_.next();
        while (!batch && !source_done_) {
            auto piece = co_await call_back(job_.source());
            source_done_ = piece.empty();
            if (source_done_)
                cutter_.finish();
            else
                cutter_.push(piece);
            batch = cutter_.next();
            count(piece.size(), batch ? batch->text.size() - batch->header_size : 0);
            // A file is read without a pause, and a run that goes on may skip much of it.
            auto others = asio::post(asio::deferred);
            if (!batch) co_await std::move(others);
        }
        co_return batch;
    }

    void count(std::size_t read, std::size_t taken)
    {
        std::lock_guard lock(mutex_);
        bytes_in_ += read;
        if (taken != 0 && !bytes_skipped_)
            bytes_skipped_ = bytes_in_ - std::min<std::uint64_t>(bytes_in_, cutter_.buffered() + taken);
    }

    void has_read(std::optional<csv_batch> batch, std::shared_ptr<error_info const> failure) noexcept
    {
        std::unique_lock lock(mutex_);
        is_reading_ = false;
        read_all_ = !batch;
        next_ = std::move(batch);
        source_failure_ = std::move(failure);
        wake(std::move(lock));
    }

    void start(startable next)
    {
        auto const due = std::make_shared<report>(shared_from_this());
        auto const sequence = started_++;
        auto const kept = std::make_shared<csv_batch>(std::move(next.batch));
        children_->start(
            [due, kept, sequence, ticket = next.ticket] { return run(due, *kept, sequence, ticket); });
    }

    /// One batch, to its end; in halves as long as it is refused for its size.
    static asio::awaitable<void> run(std::shared_ptr<report> due, csv_batch& batch, std::uint64_t sequence,
                                     batch_window::ticket ticket)
    {
        auto& self = *due->run;
        sweeper::activity const running(self.home()->limits());
        outcomes done;
        std::vector<csv_batch> left; // the next one last
        left.push_back(std::move(batch));
        while (!left.empty()) {
            outcome result;
            result.batch = std::move(left.back());
            left.pop_back();
            bool halved = self.is_too_large(result.batch);
            if (!halved) {
                co_await self.try_out(result, ticket);
                halved = result.batch.rows > 1 && result.failure && result.failure->status == 413;
            }
            if (halved) {
                auto halves = halve(result.batch);
                left.push_back(std::move(halves.second));
                left.push_back(std::move(halves.first));
                continue;
            }
            if (result.failure && !is_fault_of_rows(result.failure->code)) left.clear();
            done.push_back(std::move(result));
        }
        self.end(sequence, ticket, std::move(done));
        due->made = true;
    }

    /// One batch or part of one, as often as its failures allow.
    asio::awaitable<void> try_out(outcome& result, batch_window::ticket ticket)
    {
        // A header alone loses no row when it is refused.
        batch_retry policy(result.batch.rows == 0 ? 1 : job_.tries(), job_.patience());
        while (true) {
            result.failure.reset();
            try {
                co_await send(result.batch, ticket, result.answer);
                co_return;
            } catch (...) {
                result.failure = current_error_info();
            }
            if (result.failure->status == 413) note_too_large(result.batch);
            auto const wait = policy.failed(*result.failure, now(), home()->random().next());
            if (!wait) co_return;
            try {
                co_await pause(*wait);
            } catch (...) {
                result.failure = current_error_info();
                co_return;
            }
        }
    }

    /// Such a size was refused (413), and fewer rows may be taken.
    bool is_too_large(csv_batch const& batch)
    {
        std::lock_guard lock(mutex_);
        return batch.rows > 1 && batch.text.size() >= refused_size_;
    }

    void note_too_large(csv_batch const& batch)
    {
        std::lock_guard lock(mutex_);
        if (batch.rows > 1) refused_size_ = std::min(refused_size_, batch.text.size());
    }

    asio::awaitable<void> send(csv_batch const& batch, batch_window::ticket ticket, prediction& answer)
    {
        auto how = job_.calls();
        how.content_type("text/csv").safe_to_repeat().sink({});
        if (how.answer_type().empty()) how.answer_type("text/csv");
        if (!how.has_max_answer()) how.max_answer(std::max(16 * job_.bytes(), std::size_t{16} << 20));
        auto const in = std::make_shared<prediction_input>(job_.url(), batch.text, std::move(how));
        in->on_overload = [self = shared_from_this(), ticket] {
            std::lock_guard lock(self->mutex_);
            self->window_.overloaded(ticket);
        };
        struct counted
        {
            batch_run* self;
            prediction_input* in;
            ~counted()
            {
                std::lock_guard lock(self->mutex_);
                self->resent_ += in->sent > 0 ? in->sent - 1 : 0;
            }
        };
        counted const at_end{this, in.get()};
        answer = co_await predict(handle_, in);
        check(batch, answer, in->delimited);
    }

    /// Throws if that is no answer to the batch.
    void check(csv_batch const& batch, prediction const& answer, bool delimited)
    {
        std::string_view header;
        auto wrong = refuse_answer(batch.rows, answer.content_type, answer.body, delimited, header);
        if (!wrong) {
            std::lock_guard lock(mutex_);
            if (first_header_.empty()) first_header_ = header;
            if (first_header_ == header) return;
            wrong = other_header(first_header_, header);
        }
        wrong->status = answer.status;
        wrong->attempts = answer.attempts;
        wrong->request = (job_.calls().by_get() ? "GET " : "POST ") + std::string(job_.url().target());
        throw error(std::move(*wrong));
    }

    asio::awaitable<void> pause(std::chrono::nanoseconds wait)
    {
        {
            std::lock_guard lock(mutex_);
            ++resent_;
        }
        co_await state().wire().pause(op_, wait);
    }

    void end(std::uint64_t sequence, batch_window::ticket ticket, outcomes done)
    {
        std::unique_lock lock(mutex_);
        if (std::any_of(done.begin(), done.end(), [](outcome const& part) { return part.failure; }))
            window_.failed(ticket);
        else
            window_.succeeded(ticket);
        ended_.emplace(sequence, std::move(done));
        wake(std::move(lock));
    }

    /// A child ended without a report: memory was refused, or the client's context is gone.
    void lose() noexcept
    {
        std::unique_lock lock(mutex_);
        lost_ = true;
        wake(std::move(lock));
    }

    void check_lost()
    {
        std::lock_guard lock(mutex_);
        if (lost_) throw std::bad_alloc();
    }

    void wake(std::unique_lock<std::mutex> lock) noexcept
    {
        news_ = true;
        auto const woken = std::move(waiting_);
        waiting_.reset();
        lock.unlock();
        if (woken) woken->wake({});
    }

    /// Until a batch was read or has ended, or it is time to tell how far the run is.
    asio::awaitable<void> wait()
    {
        auto const w = std::make_shared<timed_waiter>();
        auto enlist = [self = shared_from_this(), w] {
            bool news = false;
            {
                std::lock_guard lock(self->mutex_);
                news = self->news_;
                if (!news) self->waiting_ = w;
            }
            if (news) w->wake({});
        };
        auto const until = job_.on_progress() ? now() + interval : time_point::max();
        timed_wait waiting(*home()->limits(), w);
        auto suspended = waiting.until(std::min(until, op_.deadline), std::move(enlist));
        auto const ended = waiting.end(co_await std::move(suspended));
        {
            std::lock_guard lock(mutex_);
            waiting_.reset();
            news_ = false;
        }
        if (ended.code == asio::error::operation_aborted) throw_aborted();
        if (ended.why == expiry::closed) throw error(errc::client_closed);
        if (now() >= op_.deadline) throw_timeout(phase::first_byte, op_.deadline, now());
    }

    asio::awaitable<void> write_all(outcomes parts)
    {
        ++written_;
        for (auto& part : parts)
            co_await write(part);
    }

    asio::awaitable<void> write(outcome& result)
    {
        bytes_written_ += result.batch.text.size() - result.batch.header_size;
        if (result.failure) {
            co_await fail(result.batch, *result.failure);
            co_return;
        }
        auto const answer = split_answer(result.answer.body);
        std::string text;
        if (progress_.rows == 0)
            text.append(answer.header);
        else if (progress_.batches == 0)
            check_header(answer.header);
        text.append(answer.rows);
        if (!text.ends_with('\n')) text += '\n';
        progress_.bytes_out += text.size();
        co_await call_back(job_.sink(), std::move(text));
        progress_.rows += result.batch.rows;
        ++progress_.batches;
    }

    asio::awaitable<void> fail(csv_batch const& batch, error_info const& why)
    {
        auto const first = batch.first_row + 1;
        auto const last = batch.first_row + batch.rows;
        if (!is_fault_of_rows(why.code)) throw_with_rows(why, first, last);
        if (batch.rows == 0) co_return;
        batch_failure failure;
        failure.first_row = batch.first_row;
        failure.rows = batch.rows;
        failure.error = why;
        if (job_.on_failed()) call_back(job_.on_failed(), failure);
        if (!job_.failed_to()) throw_with_rows(why, first, last);
        std::string text = progress_.failed_rows == 0 ? batch.text : batch.text.substr(batch.header_size);
        co_await call_back(job_.failed_to(), std::move(text));
        progress_.failed_rows += batch.rows;
    }

    /// As a person counts them: from 1, the header not counted.
    [[noreturn]] static void throw_with_rows(error_info info, std::uint64_t first, std::uint64_t last)
    {
        info.message = (last < first ? "the header alone"
                                     : "rows " + std::to_string(first) + " to " + std::to_string(last)) +
                       (info.message.empty() ? "" : ": " + info.message);
        throw error(std::move(info));
    }

    void check_resumed() const
    {
        if (cutter_.rows() >= rows_before()) return;
        throw error(errc::invalid_argument,
                    "the source has " + std::to_string(cutter_.rows()) + " rows, fewer than the " +
                        std::to_string(rows_before()) +
                        " that are done already; is it the same source, and are these its results?");
    }

    /// The results' first line, up to the line break of a quoted name, or as much of it as was read.
    bool is_resumed_header(std::string_view header) const
    {
        std::string_view const found = job_.resumed_header();
        if (found.size() >= batch_job::max_resumed_header || found.empty()) return header.starts_with(found);
        return header.substr(0, header.find_first_of("\r\n")) == found;
    }

    void check_header(std::string_view header) const
    {
        if (is_resumed_header(header)) return;
        throw error(errc::invalid_argument,
                    "the results that are there already have another header line than the model's "
                    "predictions; are they of this model?");
    }

    void tell(bool last)
    {
        auto const at = now();
        if (!last && (!job_.on_progress() || at < tell_at_)) return;
        tell_at_ = at + interval;
        std::uint64_t skipped = 0;
        {
            std::lock_guard lock(mutex_);
            progress_.bytes_in = bytes_in_;
            progress_.in_flight = window_.in_flight();
            progress_.limit = window_.limit();
            progress_.retries = resent_;
            skipped = bytes_skipped_.value_or(bytes_in_);
        }
        progress_.bytes_done = last ? progress_.bytes_in : skipped + bytes_written_;
        progress_.elapsed = at - op_.began;
        auto const seconds = std::chrono::duration<double>(progress_.elapsed).count();
        auto const done = progress_.rows + progress_.failed_rows - rows_before();
        progress_.rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
        progress_.left = time_left(seconds);
        if (job_.on_progress()) call_back(job_.on_progress(), progress_);
    }

    std::chrono::nanoseconds time_left(double seconds) const
    {
        if (job_.total_bytes() == 0 || bytes_written_ == 0 || seconds <= 0)
            return std::chrono::nanoseconds(-1);
        auto const left = job_.total_bytes() - std::min(job_.total_bytes(), progress_.bytes_done);
        auto const result = static_cast<double>(left) / static_cast<double>(bytes_written_) * seconds;
        return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(result, 3e8) * 1e9));
    }

    static constexpr std::chrono::milliseconds interval{200};

    handle handle_;
    batch_job const job_;
    std::shared_ptr<child_group> children_;
    operation op_;
    std::uint64_t started_ = 0;
    std::uint64_t written_ = 0;
    std::uint64_t bytes_written_ = 0;
    batch_progress progress_;
    time_point tell_at_{};

    // The reader's, while there is one.
    csv_cutter cutter_;
    bool source_done_ = false;

    std::mutex mutex_;
    batch_window window_;
    /// What waits for its turn, by its place in the order.
    std::map<std::uint64_t, outcomes> ended_;
    std::string first_header_; ///< Of the first answer that was believed.
    std::size_t refused_size_ = std::numeric_limits<std::size_t>::max();
    std::optional<csv_batch> next_;
    bool is_reading_ = false;
    bool read_all_ = false;
    bool lost_ = false;
    std::shared_ptr<error_info const> source_failure_;
    std::uint64_t bytes_in_ = 0;
    /// What stands before the first batch.
    std::optional<std::uint64_t> bytes_skipped_;
    std::uint64_t resent_ = 0;
    bool news_ = false;
    std::shared_ptr<timed_waiter> waiting_;
};

inline asio::awaitable<batch_progress> predict_batches(handle h, std::shared_ptr<batch_job> job)
{
    auto const home = h.state().home();
    children const all(home);
    auto ending = child_group::end(all.group(), co_await asio::this_coro::executor);
    bool const throws = co_await asio::this_coro::throw_if_cancelled();
    std::optional<batch_progress> result;
    std::shared_ptr<error_info const> failure;
    try {
        auto const run = std::make_shared<batch_run>(std::move(h), *job, all.group());
        result.emplace(co_await run->go());
    } catch (...) {
        failure = current_error_info();
    }
    // The source, say, refers to what is the caller's.
    co_await asio::this_coro::throw_if_cancelled(false);
    co_await std::move(ending);
    co_await asio::this_coro::throw_if_cancelled(throws);
    if (failure) throw error(std::move(failure));
    co_return *result;
}

} // namespace practicus::inline v1::detail
