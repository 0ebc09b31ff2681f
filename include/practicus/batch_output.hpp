// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch.hpp>
#include <practicus/csv_file.hpp>
#include <practicus/detail/batch_journal.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/sha256.hpp>
#include <practicus/error.hpp>
#include <practicus/predict.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus::inline v1 {

/// What a `batch_output` is told of the run.
struct batch_output_options
{
    /// No input, no rejected rows, a new run.
    batch_output_options() {}

    /// The path of what the job reads, to recognise it; empty for what is no file.
    std::string input;
    /// The path where rows go that the model refuses; empty: the first of them ends the run.
    std::string rejected;
    /// What else decides the results, in any words; a run that resumes one that said something must say the
    /// same.
    std::string options;
    /// Resume the run that has ended here before its end; begin one if there is neither journal nor output.
    /// Without it, only an output that is empty is written.
    bool resume = false;
};

namespace detail {

/// A file that one run at a time appends to. What it is to hold is known by its digest.
class batch_file
{
public:
    explicit batch_file(std::string path) : file_(std::move(path), O_RDWR | O_CREAT | O_APPEND) {}

    posix_file const& file() const noexcept { return file_; }
    std::string const& path() const noexcept { return file_.path(); }
    std::uint64_t size_on_disk() const { return static_cast<std::uint64_t>(file_.status().st_size); }

    /// Until it is closed, also by the end of the process. File systems without locks have none.
    void lock() const
    {
        if (!S_ISREG(file_.status().st_mode)) refuse_files("'" + path() + "' is no file");
        while (::flock(file_.descriptor(), LOCK_EX | LOCK_NB) != 0) {
            if (errno == EINTR) continue;
            if (errno == EWOULDBLOCK)
                throw error(errc::file_error, "'" + path() + "' is being written by another run");
            if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS) return;
            throw_file_error(path(), "can not be locked");
        }
    }

    /// Reads so many bytes, or what there is of them.
    file_extent read(std::uint64_t size)
    {
        while (size_ < size) {
            auto const most = std::min<std::uint64_t>(size - size_, 1 << 20);
            auto const text = file_.read(static_cast<std::size_t>(most));
            if (text.empty()) break;
            add(text);
        }
        return extent();
    }

    /// Cuts off what stands behind what was read and written.
    void cut() const { file_.truncate(size_); }

    void write(std::string_view text)
    {
        file_.write(text);
        add(text);
    }

    file_extent extent() const { return {size_, digest_.hex()}; }

private:
    void add(std::string_view text)
    {
        digest_.add(text);
        size_ += text.size();
    }

    posix_file file_;
    sha256 digest_;
    std::uint64_t size_ = 0;
};

inline bool is_same_file(struct stat const& one, struct stat const& other) noexcept
{
    return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The size and the digest of the head of a file; nothing of what is no file.
inline file_extent identify_input(posix_file const& input)
{
    constexpr std::size_t head = 64 * 1024;
    if (!S_ISREG(input.status().st_mode)) return {};
    sha256 digest;
    std::size_t read = 0;
    for (auto text = input.read(head); !text.empty() && read < head; text = input.read(head - read)) {
        digest.add(text);
        read += text.size();
        if (read == head) break;
    }
    return {static_cast<std::uint64_t>(input.status().st_size), digest.hex()};
}

/// The outputs of one run, and its journal. The outputs are synced before the journal says what they hold,
/// and the journal is replaced as a whole: it is right whenever the process or the machine stops.
class batch_files
{
public:
    batch_files(std::string model, std::string path, batch_output_options const& with)
        : output_(std::move(path)), journal_path_(journal_of(output_.path()))
    {
        journal_.run.model = std::move(model);
        journal_.run.options = with.options;
        journal_.run.rejected = with.rejected;
        output_.lock();
        if (!with.rejected.empty()) open_rejected(with.rejected);
        if (!with.input.empty()) look_at(with.input);
        auto found = decide_start(look(), journal_.run, with.resume);
        if (found) resume(std::move(*found));
    }
    batch_files(batch_files const&) = delete;
    batch_files& operator=(batch_files const&) = delete;
    ~batch_files()
    {
        try {
            if (is_pending_) save();
        } catch (...) {
            // The journal says less than is done, which is right as well.
        }
    }

    static std::string journal_of(std::string const& path) { return path + ".practicus"; }

    batch_mark const& mark() const noexcept { return journal_.mark; }
    bool has_rejected() const noexcept { return rejected_.has_value(); }

    void write(std::string_view text) { write(output_, text); }
    void reject(std::string_view text) { write(*rejected_, text); }

    /// The outputs hold what is done, and no more. Saved at once, unless that would take more than a
    /// twentieth of the time.
    void done(batch_mark const& mark)
    {
        journal_.mark = mark;
        take_extents();
        is_pending_ = true;
        if (std::chrono::steady_clock::now() >= save_at_) save();
    }

    /// The run is complete.
    void finish()
    {
        sync();
        is_pending_ = false;
        ::unlink(new_path().c_str());
        if (::unlink(journal_path_.c_str()) != 0 && errno != ENOENT)
            throw_file_error(journal_path_, "can not be removed");
    }

private:
    void open_rejected(std::string const& path)
    {
        rejected_.emplace(path);
        if (is_same_file(rejected_->file().status(), output_.file().status()))
            refuse_files("'" + output_.path() + "' and '" + path + "' are one file");
        rejected_->lock();
    }

    void look_at(std::string const& path)
    {
        posix_file const input(path, O_RDONLY | O_NONBLOCK);
        auto const is = input.status();
        if (is_same_file(is, output_.file().status()) ||
            (rejected_ && is_same_file(is, rejected_->file().status())))
            refuse_files("'" + path + "' is the input, and no place for results");
        journal_.run.input = identify_input(input);
    }

    found_files look() const
    {
        found_files found;
        found.output = output_.path();
        found.journal = journal_path_;
        found.output_size = output_.size_on_disk();
        if (rejected_) found.rejected_size = rejected_->size_on_disk();
        posix_file const journal(journal_path_, std::nothrow, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!journal.is_open() && errno != ENOENT) throw_file_error(journal_path_, "can not be read");
        if (!journal.is_open()) return found;
        constexpr std::size_t longest = 1 << 20;
        found.journal_text.emplace();
        for (auto text = journal.read(longest); !text.empty() && found.journal_text->size() < longest;
             text = journal.read(longest))
            *found.journal_text += text;
        return found;
    }

    void resume(batch_journal found)
    {
        check_extent(output_.path(), {}, found.output, output_.read(found.output.size));
        if (rejected_)
            check_extent(rejected_->path(), found.run.rejected, found.rejected,
                         rejected_->read(found.rejected.size));
        if (rejected_ && found.rejected.size == 0 && rejected_->size_on_disk() != 0 &&
            found.run.rejected != rejected_->path())
            refuse_files("'" + rejected_->path() + "' is there already; remove it first");
        journal_.mark = std::move(found.mark);
        take_extents();
        output_.cut();
        if (rejected_) rejected_->cut();
    }

    /// The journal stands before the first byte does. Of a run that is resumed, it says the same until then:
    /// only that far has the input been recognised by its rows.
    void write(batch_file& to, std::string_view text)
    {
        if (!is_begun_) {
            take_extents();
            save();
        }
        to.write(text);
    }

    void take_extents()
    {
        journal_.output = output_.extent();
        journal_.rejected = rejected_ ? rejected_->extent() : sha256_of_nothing();
    }

    static file_extent sha256_of_nothing() { return {0, sha256().hex()}; }

    void sync() const
    {
        output_.file().sync();
        if (rejected_) rejected_->file().sync();
    }

    void save()
    {
        auto const began = std::chrono::steady_clock::now();
        sync();
        ::unlink(new_path().c_str());
        {
            posix_file const to(new_path(), O_WRONLY | O_CREAT | O_EXCL);
            to.write(to_text(journal_));
            to.sync();
        }
        put_in_place(new_path(), journal_path_, durability::machine);
        is_begun_ = true;
        is_pending_ = false;
        auto const ended = std::chrono::steady_clock::now();
        save_at_ = ended + 19 * (ended - began);
    }

    std::string new_path() const { return journal_path_ + ".new"; }

    batch_file output_;
    std::optional<batch_file> rejected_;
    std::string journal_path_;
    batch_journal journal_;
    bool is_begun_ = false;
    bool is_pending_ = false;
    std::chrono::steady_clock::time_point save_at_{};
};

inline boost::asio::awaitable<void> write_results(std::shared_ptr<batch_files> to, std::string text)
{
    to->write(text);
    co_return;
}

inline boost::asio::awaitable<void> write_rejected(std::shared_ptr<batch_files> to, std::string text)
{
    to->reject(text);
    co_return;
}

} // namespace detail

/// Where the results of a batch job go that may be resumed: a file, another one for rejected rows if there is
/// to be one, and a journal beside the first, `PATH.practicus`. The journal says which run it is and what is
/// done. It is written so that a process that is killed, or a machine that loses its power, leaves it usable,
/// and removed by `finish`. Each write blocks for as long as the disk takes.
///
/// A run that resumes another cuts both files to what the journal says, and goes on from there: each row is
/// predicted, or rejected, once. It must have the same model, input, `batch_output_options::options`, and
/// files; how many rows a batch has may differ. While a run lives, its files are locked (`flock`); a process
/// that ends in any way frees them. Copies are of the same run.
class batch_output
{
public:
    /// Opens and locks the files, and makes those that are missing. Throws `errc::invalid_argument` for files
    /// that are not the run's: a journal without `batch_output_options::resume`, another model or input,
    /// files that are not what the journal says; `errc::file_error` for files that can not be used, or that
    /// another run writes. Nothing is changed then.
    batch_output(model_url const& model, std::string path,
                 batch_output_options const& with = batch_output_options())
        : files_(std::make_shared<detail::batch_files>(std::string(model.str()), std::move(path), with))
    {}

    /// The journal of such an output, which is there while its run has not ended.
    static std::string journal_of(std::string const& path) { return detail::batch_files::journal_of(path); }

    /// What runs before have done.
    batch_mark const& mark() const noexcept { return files_->mark(); }

    /// The job's sink.
    body_sink sink() const
    {
        return [files = files_](std::string text) { return detail::write_results(files, std::move(text)); };
    }

    /// Sets the job's `resume`, `on_mark`, and with a file for rejected rows `failed_to`.
    void attach(batch_job& job) const
    {
        job.resume(files_->mark());
        job.on_mark([files = files_](batch_mark const& done) { files->done(done); });
        if (files_->has_rejected())
            job.failed_to([files = files_](std::string text) {
                return detail::write_rejected(files, std::move(text));
            });
    }

    /// The run is complete: removes the journal.
    void finish() const { files_->finish(); }

private:
    std::shared_ptr<detail::batch_files> files_;
};

} // namespace practicus::inline v1
