// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// CSV as far as it must be understood to cut it: where its records end. Separators and values stay what they
/// are.
namespace practicus::inline v1::detail {

/// Finds the records of a CSV text that comes in pieces of any size, two passes over memory at most.
///
/// Rules:
/// - A record ends with a LF outside of quotes; a CR in front of it belongs to the line end. A CR alone ends
///   nothing.
/// - A quote toggles wherever it stands, also in the middle of a field. So `""` within quotes needs no rule.
/// - A line of nothing, or of CR only, is blank, and no record: readers such as pandas skip it. A line of
///   spaces is a record.
/// - A byte order mark of UTF-8 at the text's start is part of the first line, and does not make it a record.
class csv_scanner
{
public:
    /// Takes off `text` what belongs to the present line: all up to and with its line end if that is there,
    /// else the whole text. After a line end the next line is the present one.
    std::string_view take(std::string_view& text) noexcept
    {
        if (ended_) begin_line();
        auto const part = text.substr(0, find_end(text));
        text.remove_prefix(part.size());
        size_ += part.size();
        if (blank_) look_for_content(part);
        return part;
    }

    /// The line end of the present line was taken.
    bool ended() const noexcept { return ended_; }

    /// What was taken of the present line: bytes, line end and byte order mark included.
    std::size_t size() const noexcept { return size_; }

    /// What was taken of the present line is no record.
    bool blank() const noexcept { return blank_ && (bom_ == 0 || bom_ == bom.size()); }

    /// The size of the byte order mark at the present line's start: 3 or 0.
    std::size_t bom_size() const noexcept { return bom_ == bom.size() ? bom_ : 0; }

    /// The present line was left within quotes.
    bool quoted() const noexcept { return quoted_; }

private:
    static constexpr std::string_view bom = "\xef\xbb\xbf";

    void begin_line() noexcept
    {
        ended_ = at_start_ = false;
        blank_ = true;
        size_ = bom_ = 0;
    }

    /// Where the present line ends in `text`, behind its line end; sets `ended_` and `quoted_`.
    std::size_t find_end(std::string_view text) noexcept
    {
        auto const find = [&](char c, std::size_t from, std::size_t to) {
            auto const place = text.substr(from, to - from).find(c);
            return place == std::string_view::npos ? to : from + place;
        };
        std::size_t at = 0;
        std::size_t line_end = find('\n', 0, text.size());
        for (;;) {
            if (quoted_) {
                at = find('"', at, text.size());
                if (at == text.size()) return at;
                quoted_ = false;
                ++at;
            }
            // Looked for again only behind the last one found: a line of many quotes costs no more.
            if (line_end < at) line_end = find('\n', at, text.size());
            at = find('"', at, line_end);
            if (at == line_end) break;
            quoted_ = true;
            ++at;
        }
        ended_ = at < text.size();
        return ended_ ? at + 1 : at;
    }

    void look_for_content(std::string_view part) noexcept
    {
        while (at_start_ && !part.empty()) {
            if (part.front() == bom[bom_]) {
                part.remove_prefix(1);
                at_start_ = ++bom_ < bom.size();
            } else {
                blank_ = bom_ == 0;
                bom_ = 0;
                at_start_ = false;
            }
        }
        for (std::size_t i = 0; blank_ && i < part.size(); ++i)
            blank_ = part[i] == '\r' || part[i] == '\n';
    }

    std::size_t size_ = 0;
    std::size_t bom_ = 0; ///< How much of a byte order mark stands at the start of the present line.
    bool at_start_ = true;
    bool blank_ = true;
    bool quoted_ = false;
    bool ended_ = false;
};

/// Counts the complete records of a text that comes in pieces: how far a file of answers got before its
/// writer stopped. What stands behind `complete_size` was cut off in the middle, or is blank lines.
class csv_tail
{
public:
    void push(std::string_view piece) noexcept
    {
        while (!piece.empty()) {
            size_ += scanner_.take(piece).size();
            if (!scanner_.ended() || scanner_.blank()) continue;
            ++records_;
            complete_size_ = size_;
        }
    }

    /// How many records were seen to their line end, a header included.
    std::uint64_t records() const noexcept { return records_; }

    /// Bytes up to and with the line end of the last of them, from the text's start.
    std::uint64_t complete_size() const noexcept { return complete_size_; }

private:
    csv_scanner scanner_;
    std::uint64_t size_ = 0;
    std::uint64_t records_ = 0;
    std::uint64_t complete_size_ = 0;
};

/// What a model answered. Views of the answer's text.
struct csv_answer
{
    /// The header line, without a byte order mark, with its line end if it has one.
    std::string_view header;
    /// From the first row's start to the last row's end; blank lines in between still stand there. If the
    /// last row has no line end, neither has this.
    std::string_view rows;
    /// How many rows.
    std::size_t count = 0;
};

/// Splits a complete answer. A last row without line end counts. Throws `errc::unexpected_rows` if there is
/// no header line, or the text ends within quotes.
inline csv_answer split_answer(std::string_view text)
{
    csv_answer answer;
    csv_scanner scanner;
    std::size_t first = 0;
    for (auto rest = text; !rest.empty();) {
        auto const start = text.size() - rest.size();
        auto const line = scanner.take(rest);
        if (scanner.blank()) continue;
        if (answer.header.empty()) {
            answer.header = line.substr(scanner.bom_size());
            continue;
        }
        if (answer.count++ == 0) first = start;
        answer.rows = text.substr(first, start + line.size() - first);
    }
    if (scanner.quoted()) throw error(errc::unexpected_rows, "the answer's CSV ends within quotes");
    if (answer.header.empty()) throw error(errc::unexpected_rows, "the answer's CSV has no header line");
    return answer;
}

} // namespace practicus::inline v1::detail
