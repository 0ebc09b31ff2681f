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
#include <practicus/detail/sha256.hpp>
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
        cutter_.cut_behind(rows_before());
        if (job.on_mark() || !job.resumed().digest.empty()) digest_.emplace();
        progress_.rows = job.resumed().rows;
        progress_.failed_rows = job.resumed().failed_rows;
        first_header_ = header_ = job.resumed().header;
    }

    asio::awaitable<batch_progress> go()
    {
        while (true) {
            if (auto ready = take_ended())
                co_await write_all(std::move(ready));
            else if (auto again = take_due())
                start(std::move(again));
            else if (auto next = take_read())
                start(std::move(next));
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

    /// A batch from its first try to its end: parts of it, if it was halved.
    struct sending
    {
        sending(csv_batch whole, batch_job const& job)
            : digest(std::move(whole.digest)), policy(job.tries(), job.patience())
        {
            left.push_back(std::move(whole));
            renew_policy(job);
        }

        /// For the next part. A header alone loses no row when it is refused.
        void renew_policy(batch_job const& job)
        {
            if (!left.empty()) policy = batch_retry(left.back().rows == 0 ? 1 : job.tries(), job.patience());
        }

        void halve_next(batch_job const& job)
        {
            auto halves = halve(left.back());
            left.back() = std::move(halves.second);
            left.push_back(std::move(halves.first));
            renew_policy(job);
        }

        /// What is to be sent, the next part last.
        std::vector<csv_batch> left;
        std::vector<outcome> done;
        std::string digest;
        batch_retry policy;
        std::shared_ptr<error_info const> failure;
        std::uint64_t sequence = 0;
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
    std::uint64_t rows_before() const noexcept { return job_.resumed().rows + job_.resumed().failed_rows; }

    std::shared_ptr<sending> take_ended()
    {
        std::lock_guard lock(mutex_);
        auto const first = ended_.begin();
        if (first == ended_.end() || first->first != written_) return nullptr;
        auto const result = std::move(first->second);
        ended_.erase(first);
        return result;
    }

    /// A batch that has waited for its next try; before those that are new.
    std::shared_ptr<sending> take_due()
    {
        std::lock_guard lock(mutex_);
        auto const first = paused_.begin();
        if (first == paused_.end() || first->first > now() || !window_.may_start()) return nullptr;
        auto const due = std::move(first->second);
        paused_.erase(first);
        due->policy.sent_again(answered_at_);
        due->ticket = window_.start_again();
        return due;
    }

    std::shared_ptr<sending> take_read()
    {
        std::lock_guard lock(mutex_);
        if (!next_ || !window_.may_start() || !window_.has_room()) return nullptr;
        auto const taken = std::make_shared<sending>(std::move(*next_), job_);
        next_.reset();
        taken->sequence = started_++;
        taken->ticket = window_.start();
        return taken;
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
        auto batch = take_cut();
        while (!batch && !source_done_) {
            auto piece = co_await call_back(job_.source());
            source_done_ = piece.empty();
            if (source_done_)
                cutter_.finish();
            else
                cutter_.push(piece);
            batch = take_cut();
            count(piece.size(), batch ? batch->text.size() - batch->header_size : 0);
            // A file is read without a pause, and a run that goes on may skip much of it.
            auto others = asio::post(asio::deferred);
            if (!batch) co_await std::move(others);
        }
        co_return batch;
    }

    /// The next batch that no run before has done.
    std::optional<csv_batch> take_cut()
    {
        while (auto batch = cutter_.next()) {
            if (digest_) add_to_digest(*batch);
            auto const end = batch->first_row + batch->rows;
            if (end > rows_before() || rows_before() == 0) return batch;
            auto const& done = job_.resumed().digest;
            if (end == rows_before() && !done.empty() && done != digest_->hex())
                throw error(errc::invalid_argument,
                            "the source is not the one of the run that is resumed: its first " +
                                std::to_string(end) + " rows, or its header line, are others");
        }
        return std::nullopt;
    }

    void add_to_digest(csv_batch& batch)
    {
        auto const text = std::string_view(batch.text);
        digest_->add(batch.first_row == 0 ? text : text.substr(batch.header_size));
        if (job_.on_mark()) batch.digest = digest_->hex();
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

    void start(std::shared_ptr<sending> batch)
    {
        auto const due = std::make_shared<report>(shared_from_this());
        children_->start([due, batch] { return run(due, batch); });
    }

    /// A batch to its end, or until it waits for its next try; in halves as long as it is refused for its
    /// size.
    static asio::awaitable<void> run(std::shared_ptr<report> due, std::shared_ptr<sending> sent)
    {
        auto& self = *due->run;
        sweeper::activity const running(self.home()->limits());
        std::optional<std::chrono::nanoseconds> wait;
        while (!sent->left.empty() && !wait) {
            if (self.is_too_large(sent->left.back())) {
                sent->halve_next(self.job_);
                continue;
            }
            auto trying = self.try_out(*sent);
            wait = co_await std::move(trying);
        }
        if (wait)
            self.pause(std::move(sent), *wait);
        else
            self.end(std::move(sent));
        due->made = true;
    }

    /// Sends the next part once. Returns how long to wait until it is sent again, if it is.
    asio::awaitable<std::optional<std::chrono::nanoseconds>> try_out(sending& sent)
    {
        outcome result;
        try {
            co_await send(sent.left.back(), sent.ticket, result.answer);
        } catch (...) {
            result.failure = current_error_info();
        }
        if (result.failure) {
            bool const halved = result.failure->status == 413 && note_too_large(sent.left.back());
            auto const wait = sent.policy.failed(*result.failure, now(), home()->random().next());
            sent.failure = result.failure;
            if (wait || halved) co_return wait;
        }
        result.batch = std::move(sent.left.back());
        sent.left.pop_back();
        if (result.failure && !is_fault_of_rows(result.failure->code)) sent.left.clear();
        sent.done.push_back(std::move(result));
        sent.renew_policy(job_);
        co_return std::nullopt;
    }

    /// Such a size was refused (413), and fewer rows may be taken.
    bool is_too_large(csv_batch const& batch)
    {
        std::lock_guard lock(mutex_);
        return batch.rows > 1 && batch.text.size() >= refused_size_;
    }

    /// Returns false for what can not be halved.
    bool note_too_large(csv_batch const& batch)
    {
        std::lock_guard lock(mutex_);
        if (batch.rows > 1) refused_size_ = std::min(refused_size_, batch.text.size());
        return batch.rows > 1;
    }

    asio::awaitable<void> send(csv_batch const& batch, batch_window::ticket ticket, prediction& answer)
    {
        auto how = job_.calls();
        how.content_type("text/csv").safe_to_repeat().sink({});
        if (!how.has_max_answer()) how.max_answer(std::max(16 * job_.bytes(), std::size_t{16} << 20));
        auto const in = std::make_shared<prediction_input>(job_.url(), batch.text, std::move(how));
        in->takes_any_type = true;
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

    bool has_believed()
    {
        std::lock_guard lock(mutex_);
        return !first_header_.empty();
    }

    /// Throws if that is no answer to the batch.
    void check(csv_batch const& batch, prediction const& answer, bool delimited)
    {
        batch_answer came;
        came.rows = batch.rows;
        if (!job_.calls().answer_type().empty()) came.wanted = job_.calls().answer_type();
        came.content_type = answer.content_type;
        came.body = answer.body;
        came.delimited = delimited;
        came.others_believed = has_believed();
        std::string_view header;
        auto wrong = refuse_answer(came, header);
        if (!wrong) {
            std::lock_guard lock(mutex_);
            if (first_header_.empty()) first_header_ = header;
            if (first_header_ == header) return;
            wrong = other_header(first_header_, header, !job_.resumed().header.empty());
        }
        wrong->status = answer.status;
        wrong->attempts = answer.attempts;
        wrong->request = (job_.calls().by_get() ? "GET " : "POST ") + std::string(job_.url().target());
        throw error(std::move(*wrong));
    }

    /// Its place is for others until the next try.
    void pause(std::shared_ptr<sending> batch, std::chrono::nanoseconds wait)
    {
        auto const& kept = *batch;
        std::unique_lock lock(mutex_);
        paused_.emplace(now() + wait, std::move(batch));
        window_.paused(kept.ticket);
        last_error_ = kept.failure;
        ++resent_;
        wake(std::move(lock));
    }

    void end(std::shared_ptr<sending> batch)
    {
        auto const& kept = *batch;
        bool const failed = std::any_of(kept.done.begin(), kept.done.end(),
                                        [](outcome const& part) { return part.failure != nullptr; });
        std::unique_lock lock(mutex_);
        ended_.emplace(kept.sequence, std::move(batch));
        if (failed)
            window_.failed(kept.ticket);
        else
            window_.succeeded(kept.ticket);
        answered_at_ = now();
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
        auto const until = std::min(job_.on_progress() ? now() + interval : time_point::max(), next_try());
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

    /// When a batch has waited; of one that has and finds no place, another one's end tells.
    time_point next_try()
    {
        std::lock_guard lock(mutex_);
        return paused_.empty() || !window_.may_start() ? time_point::max() : paused_.begin()->first;
    }

    /// A mark is where a batch ends, also of one that was halved: so those of a run that is resumed are those
    /// of one that is not.
    asio::awaitable<void> write_all(std::shared_ptr<sending> batch)
    {
        ++written_;
        release();
        for (auto& part : batch->done)
            co_await write(part);
        mark(std::move(batch->digest));
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
        // A header alone may be there already.
        if (progress_.rows == 0 && header_.empty()) text.append(answer.header);
        if (header_.empty()) header_ = header_names(answer.header);
        text.append(answer.rows);
        if (!text.empty() && !text.ends_with('\n')) text += '\n';
        progress_.bytes_out += text.size();
        if (!text.empty()) co_await call_back(job_.sink(), std::move(text));
        progress_.rows += result.batch.rows;
        ++progress_.batches;
    }

    void release()
    {
        std::lock_guard lock(mutex_);
        window_.released();
    }

    void mark(std::string digest)
    {
        if (!job_.on_mark()) return;
        batch_mark done;
        done.rows = progress_.rows;
        done.failed_rows = progress_.failed_rows;
        done.header = header_;
        done.digest = std::move(digest);
        call_back(job_.on_mark(), done);
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
            progress_.waiting = window_.waiting();
            progress_.last_error = paused_.empty() ? nullptr : last_error_;
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
    /// The predictions' header line.
    std::string header_;
    time_point tell_at_{};

    // The reader's, while there is one.
    csv_cutter cutter_;
    bool source_done_ = false;
    /// Of what was cut.
    std::optional<sha256> digest_;

    std::mutex mutex_;
    batch_window window_;
    /// What waits for its turn, by its place in the order.
    std::map<std::uint64_t, std::shared_ptr<sending>> ended_;
    /// What waits for its next try, by when that is.
    std::multimap<time_point, std::shared_ptr<sending>> paused_;
    std::shared_ptr<error_info const> last_error_;
    std::string first_header_; ///< Of the first answer that was believed, or of the results before.
    time_point answered_at_{}; ///< When a batch last was.
    /// Of the text before it is encoded: how large that gets is not known before.
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
