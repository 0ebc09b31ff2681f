// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/csv_scanner.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/batch/batch_format.hpp>
#include <practicus/detail/batch/batch_text.hpp>
#include <practicus/error.hpp>

#include <boost/assert.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Returns two batches that are `whole` together, of half its rows each. It has at least 2 rows.
inline std::pair<batch_text, batch_text> halve(batch_text const& whole)
{
    auto const rows = whole.rows / 2;
    csv_scanner scanner;
    auto rest = std::string_view(whole.text);
    for (std::size_t lines = 0; lines <= rows && !rest.empty();) {
        scanner.take(rest);
        lines += scanner.ended() ? 1 : 0;
    }
    auto const end = whole.text.size() - rest.size();
    return {batch_text(whole.text.substr(0, end), whole.first_row, rows, whole.header_size),
            batch_text(whole.text.substr(0, whole.header_size).append(rest), whole.first_row + rows,
                       whole.rows - rows, whole.header_size)};
}

/// Cuts a CSV text in pieces into batches. The ends of the pieces make no difference.
///
/// The first record is the header, and begins each batch. The header and the rows of all batches, joined, are
/// the text. Only a byte order mark and blank lines are dropped (see `csv_scanner`), and a last row without a
/// line end gets the header's. A text of a header alone is one batch without a row.
///
/// A text with an error ends there: `push` and `finish` do nothing more. `next` gives the batches that were
/// full before; then `fault` is the error. Row numbers in messages count from 1. After an exception (no
/// memory), the splitter is unusable.
///
/// Thread safety: none. Each byte costs O(1), for any sizes of pieces and batches.
class csv_splitter final : public batch_splitter
{
public:
    static constexpr std::size_t default_longest = std::size_t{64} << 20;

    /// A batch has at most `rows` rows and `bytes` bytes with its header line, but at least one row of any
    /// size. A record of more than `longest` bytes with its line end is an error. Otherwise a stray quote
    /// would make one record of the rest. Throws if one of them is 0.
    csv_splitter(std::size_t rows, std::size_t bytes, std::size_t longest = default_longest)
        : max_rows_(rows), max_bytes_(bytes), longest_(longest)
    {
        if (rows == 0) throw error(errc::invalid_argument, "a batch of 0 rows");
        if (bytes == 0) throw error(errc::invalid_argument, "a batch of 0 bytes");
        if (longest == 0) throw error(errc::invalid_argument, "a CSV record of 0 bytes at most");
    }

    void cut_behind(std::uint64_t count) noexcept override
    {
        BOOST_ASSERT(scanner_.size() == 0);
        cut_behind_ = count;
    }

    void push(std::string_view piece) override
    {
        BOOST_ASSERT(!finished_);
        make_room();
        append(piece);
    }

    /// Ends the text. It is an error if the text ends within quotes, has no header line, or has a header of
    /// several lines and no row.
    void finish() override
    {
        if (finished_ || !fault_.empty()) return;
        finished_ = true;
        if (scanner_.quoted()) return fail("a quote in " + place() + " is never closed");
        if (!scanner_.ended() && scanner_.has_line_end())
            end_line();
        else if (!scanner_.ended() && scanner_.size() != 0)
            append_line_end();
        if (!fault_.empty()) return;
        if (header_.empty()) return fail("the CSV has no header line");
        if (seen_ == 0) add_header_alone();
        close_batch();
    }

    std::optional<batch_text> next() override
    {
        std::optional<batch_text> result;
        if (full_.empty()) return result;
        auto const batch = full_.front();
        std::string text;
        text.reserve(header_.size() + batch.size);
        text.append(header_).append(text_, given_, batch.size);
        result.emplace(std::move(text), batch.first_row, batch.rows, header_.size());
        full_.pop_front();
        given_ += batch.size;
        return result;
    }

    failure fault() const override
    {
        return full_.empty() && !fault_.empty() ? make_failure(errc::invalid_argument, fault_) : nullptr;
    }

    /// Does not count the header once it is complete.
    std::size_t buffered() const noexcept override { return text_.size() - given_; }

    std::uint64_t rows() const noexcept override { return seen_; }

    /// Returns the header line with its line end; empty before it is complete.
    std::string_view header() const noexcept { return header_; }

private:
    struct extent
    {
        std::uint64_t first_row = 0;
        std::size_t rows = 0;
        std::size_t size = 0;
    };

    void append(std::string_view piece)
    {
        while (!piece.empty() && fault_.empty()) {
            auto const part = scanner_.take(piece);
            if (scanner_.size() > longest_)
                return fail(place() + " is longer than " + std::to_string(longest_) +
                            " bytes: a quote may not be closed");
            if (scanner_.has_nul()) return fail_at_nul();
            text_ += part;
            if (scanner_.ended()) end_line();
        }
    }

    /// Handles a complete line at the end of `text_`.
    void end_line()
    {
        auto const size = scanner_.size();
        bool const is_header = header_.empty() && !scanner_.blank();
        bool const is_row = !is_header && !scanner_.blank();
        if (is_row) return add_row(size);
        if (is_header) header_.assign(text_, text_.size() - size + scanner_.bom_size());
        text_.resize(text_.size() - size);
        if (is_header && (header_.starts_with("\xff\xfe") || header_.starts_with("\xfe\xff")))
            fail_as_utf16();
        // Without the first, the second would be taken for the text's own.
        if (is_header && header_.starts_with("\xef\xbb\xbf"))
            fail("the header line of the CSV begins with a byte order mark that is not the text's first "
                 "bytes; "
                 "remove it (sed 's/\\xef\\xbb\\xbf//g')");
    }

    /// Appends the line end of the header.
    void append_line_end()
    {
        append(header_.ends_with("\r\n") ? "\r\n" : header_.ends_with('\r') ? "\r" : "\n");
        if (!scanner_.ended()) end_line(); // a CR waits for a LF
    }

    void add_row(std::size_t size)
    {
        if (open_.rows != 0 && header_.size() + open_.size + size > max_bytes_) close_batch();
        if (open_.rows++ == 0) open_.first_row = seen_;
        open_.size += size;
        if (++seen_ == cut_behind_ || open_.rows == max_rows_ || header_.size() + open_.size >= max_bytes_)
            close_batch();
    }

    void add_header_alone()
    {
        auto const line = std::string_view(header_).substr(0, header_.find_last_not_of("\r\n") + 1);
        if (line.find_first_of("\r\n") != line.npos)
            return fail("the header line of the CSV is several lines long, and no row follows: a quote in it "
                        "may be closed too late");
        full_.push_back(open_);
    }

    void close_batch()
    {
        if (open_.rows != 0) full_.push_back(open_);
        open_ = {};
    }

    /// Removes the text that was given out. Moves no more bytes than were given out since the last time.
    void make_room()
    {
        if (given_ == 0 || given_ < text_.size() / 2) return;
        text_.erase(0, given_);
        given_ = 0;
    }

    std::string place() const
    {
        return header_.empty() ? "the header line of the CSV"
                               : "row " + std::to_string(seen_ + 1) + " of the CSV";
    }

    void fail_at_nul()
    {
        if (header_.empty()) return fail_as_utf16();
        fail(place() + " has a NUL byte; remove such bytes first (tr -d '\\0')");
    }

    void fail_as_utf16()
    {
        fail("the CSV begins as UTF-16 does, or with NUL bytes; convert it to UTF-8 first (iconv -f UTF-16 "
             "-t UTF-8)");
    }

    void fail(std::string message) { fault_ = std::move(message); }

    std::size_t max_rows_;
    std::size_t max_bytes_;
    std::size_t longest_;
    std::uint64_t cut_behind_ = 0;
    csv_scanner scanner_;
    std::string header_;
    std::string text_; ///< The part that was given out, the full batches, the open batch, the present line.
    std::size_t given_ = 0; ///< The part of it that was given out.
    std::deque<extent> full_;
    extent open_;
    std::uint64_t seen_ = 0;
    bool finished_ = false;
    std::string fault_; ///< Empty if the text has no error so far.
};

}}} // namespace practicus::v1::detail
