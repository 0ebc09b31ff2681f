// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/batch_mark.hpp>
#include <practicus/batch_output_options.hpp>
#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/batch/batch_file.hpp>
#include <practicus/detail/batch/batch_journal.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace practicus { inline namespace v1 { namespace detail {

/// The outputs of one run, and its journal. The outputs are synced before the journal records their content,
/// and the journal is replaced as a whole. It is thus valid whenever the process or the machine stops.
class batch_files
{
public:
    batch_files(std::string model, std::string path, batch_output_options const& with)
        : output_(std::move(path)), journal_path_(journal_of(output_.path()))
    {
        journal_.run.model = std::move(model);
        journal_.run.form = form_name(with.json_lines);
        journal_.run.options = with.options;
        if (output_.is_device()) refuse_files("'" + output_.path() + "' is no file");
        output_.lock();
        if (!with.rejected.empty()) open_rejected(with.rejected);
        if (!with.input.empty()) look_at(with.input);
        auto found = decide_start(look(), journal_.run, with.resume);
        // That the folder can be written shows before a row is predicted.
        static_cast<void>(open_new());
        ::unlink(new_path().c_str());
        if (found) resume(std::move(*found));
        take_extents(journal_);
        output_.keep();
        if (rejected_) rejected_->keep();
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

    static std::string journal_of(std::string const& path) { return real_path(path) + ".practicus"; }

    batch_mark const& mark() const noexcept { return journal_.mark; }
    bool has_rejected() const noexcept { return rejected_.has_value(); }

    void write(std::string_view text) { write(output_, journal_.output, text); }
    void reject(std::string_view text) { write(*rejected_, journal_.rejected, text); }

    /// Returns true the first time.
    bool take() noexcept { return !std::exchange(is_taken_, true); }

    /// Records that the outputs hold all results up to `mark`. Saves at once, unless that would take more
    /// than a twentieth of the time.
    void done(batch_mark const& mark)
    {
        require_usable();
        auto next = journal_;
        next.mark = mark;
        take_extents(next);
        std::swap(journal_, next);
        is_pending_ = true;
        if (std::chrono::steady_clock::now() >= save_at_) save();
    }

    /// Removes the journal of a complete run.
    void finish()
    {
        require_usable();
        reach_disk();
        ::unlink(new_path().c_str());
        if (::unlink(journal_path_.c_str()) != 0 && errno != ENOENT)
            throw_file_error(journal_path_, "cannot be removed");
        sync_folder_of(journal_path_);
        is_broken_ = false;
    }

private:
    void open_rejected(std::string const& path)
    {
        rejected_.emplace(path);
        journal_.run.rejected = rejected_->real_path();
        auto const is = rejected_->file().status();
        if (is_same_file(is, output_.file().status()))
            refuse_files("'" + output_.path() + "' and '" + path + "' are one file");
        rejected_->lock();
        if (is_name_of(journal_path_, is) || is_name_of(new_path(), is))
            refuse_files("'" + path + "' is the journal's name, and no place for rejected rows");
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
        if (!journal.is_open() && errno != ENOENT) throw_file_error(journal_path_, "cannot be read");
        if (!journal.is_open()) return found;
        // Far above the longest header line.
        constexpr std::size_t piece = 1 << 20, longest = 1 << 28;
        found.journal_text.emplace();
        for (auto text = journal.read(piece); !text.empty() && found.journal_text->size() < longest;
             text = journal.read(piece))
            *found.journal_text += text;
        return found;
    }

    void resume(batch_journal found)
    {
        check(output_, output_.path(), found.output);
        if (rejected_) check(*rejected_, found.run.rejected, found.rejected);
        check_rejected(found);
        journal_.mark = std::move(found.mark);
        output_.cut();
        if (rejected_) rejected_->cut();
    }

    static void check(batch_file& file, std::string const& named, journaled_file const& was)
    {
        found_file const is{file.path(), file.read(was.extent.size), identity_of(file.file()),
                            file.size_on_disk()};
        check_file(was, is, named == file.real_path() ? file.path() : named);
    }

    /// Throws unless the rows that were rejected before are in the file, with their header line, or both are
    /// a device.
    void check_rejected(batch_journal const& found) const
    {
        if (!rejected_ || rejected_->is_device() || found.mark.failed_rows == 0) return;
        if (found.rejected.extent.size != 0) return;
        auto const where = found.run.rejected.empty() ? "elsewhere" : "to '" + found.run.rejected + "'";
        refuse_files("'" + rejected_->path() + "' lacks the " + std::to_string(found.mark.failed_rows) +
                     (found.mark.failed_rows == 1 ? " row" : " rows") +
                     " that the run has rejected so far, which went " + where);
    }

    /// Writes a text, and first records the file in the journal. A resumed run leaves the journal unchanged
    /// until its first write. Only then has the input been recognised by its rows.
    void write(batch_file& to, journaled_file& known, std::string_view text)
    {
        require_usable();
        if (known.identity.empty()) {
            known.identity = identity_of(to.file());
            save();
        }
        is_broken_ = true;
        to.write(text);
        is_broken_ = false;
    }

    void take_extents(batch_journal& of) const
    {
        of.output.extent = output_.extent();
        of.rejected.extent = rejected_ ? rejected_->extent() : file_extent{0, sha256().hex()};
    }

    void require_usable() const
    {
        if (is_broken_)
            throw error(errc::file_error,
                        "'" + output_.path() + "' could not be written; its run is to be resumed");
    }

    /// Syncs the outputs. After a failure nothing is saved, because a disk that has failed once may report
    /// success the next time. The journal of another run is left alone.
    void reach_disk()
    {
        // A write that has failed may have left a part.
        bool const whole = !std::exchange(is_broken_, true);
        is_pending_ = false;
        output_.require_own(whole);
        output_.sync();
        if (!rejected_) return;
        rejected_->require_own(whole);
        rejected_->sync();
        if (!rejected_->is_device() && !std::exchange(is_named_, true))
            sync_folder_of(rejected_->real_path());
    }

    void save()
    {
        auto const began = std::chrono::steady_clock::now();
        reach_disk();
        {
            posix_file const to = open_new();
            to.write(to_text(journal_));
            to.sync();
        }
        put_in_place(new_path(), journal_path_, durability::machine);
        is_broken_ = false;
        auto const ended = std::chrono::steady_clock::now();
        save_at_ = ended + 19 * (ended - began);
    }

    posix_file open_new() const
    {
        ::unlink(new_path().c_str());
        return posix_file(new_path(), O_WRONLY | O_CREAT | O_EXCL);
    }

    std::string new_path() const { return journal_path_ + ".new"; }

    batch_file output_;
    std::optional<batch_file> rejected_;
    std::string journal_path_;
    batch_journal journal_;
    bool is_taken_ = false;
    bool is_named_ = false;
    bool is_broken_ = false;
    bool is_pending_ = false;
    std::chrono::steady_clock::time_point save_at_{};
};

inline boost::asio::awaitable<void> write_rejected(std::shared_ptr<batch_files> to, std::string text)
{
    to->reject(text);
    co_return;
}

}}} // namespace practicus::v1::detail
