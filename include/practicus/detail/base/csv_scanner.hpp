// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

/// CSV as far as it must be understood to cut it: where its records end. Separators and values stay what they
/// are.
namespace practicus { inline namespace v1 { namespace detail {

/// Finds the records of a CSV text that comes in pieces of any size, in one pass, as Python's `csv` and
/// pandas do.
///
/// Rules:
/// - A record ends with CR, LF or CRLF outside of quotes; a text may mix them.
/// - A quote opens only at the start of a cell; elsewhere in an unquoted cell it is a letter (`TV 27" wide`).
///   In a quoted cell, a doubled quote is a letter, and a single one closes. What follows up to the separator
///   belongs to the cell, and is not quoted.
/// - The separator is the comma if the header line has one outside of quotes; else the first of semicolon,
///   tab and vertical bar that it has.
/// - A line of nothing is blank, and no record: readers such as pandas skip it. A line of spaces is a record.
/// - A byte order mark of UTF-8 at the text's start is part of the first line, and does not make it a record.
class csv_scanner
{
public:
    /// Takes off `text`, which is not empty, what belongs to the present line: all up to and with its line
    /// end if that is there, else the whole text. After a line end the next line is the present one. It is
    /// not known of a CR at the end of a piece whether a LF follows: the next call ends that line, with an
    /// empty result if none does.
    std::string_view take(std::string_view& text) noexcept
    {
        if (ended_) begin_line();
        auto const part = text.substr(0, find_end(text));
        text.remove_prefix(part.size());
        size_ += part.size();
        if (ended_ && separator_ == 0 && !blank())
            separator_ = other_separator_ == 0 ? ',' : other_separator_;
        return part;
    }

    /// The line end of the present line was taken.
    bool ended() const noexcept { return ended_; }

    /// As `ended()`, and likewise for a CR that may belong to a CRLF.
    bool has_line_end() const noexcept { return ended_ || cr_; }

    /// What was taken of the present line: bytes, line end and byte order mark included.
    std::size_t size() const noexcept { return size_; }

    /// What was taken of the present line is no record.
    bool blank() const noexcept { return !content_ && (bom_ == 0 || bom_ == bom.size()); }

    /// The size of the byte order mark at the present line's start: 3 or 0.
    std::size_t bom_size() const noexcept { return bom_ == bom.size() ? bom_ : 0; }

    /// The present line was left within quotes.
    bool quoted() const noexcept { return place_ == place::quoted; }

    /// The present line has a NUL.
    bool has_nul() const noexcept { return nul_; }

private:
    static constexpr std::string_view bom = "\xef\xbb\xbf";

    /// Where in a cell the scanner is.
    enum class place : unsigned char
    {
        start,
        unquoted,
        quoted,
        closed ///< Behind a quote that closes, or is the first of two.
    };

    void begin_line() noexcept
    {
        ended_ = at_start_ = content_ = nul_ = false;
        size_ = bom_ = 0;
        place_ = place::start;
    }

    /// Where the present line ends in `text`, behind its line end.
    std::size_t find_end(std::string_view text) noexcept
    {
        if (cr_) {
            cr_ = false;
            ended_ = true;
            return text.front() == '\n' ? 1 : 0;
        }
        for (std::size_t i = at_start_ ? skip_bom(text) : 0;;) {
            auto const at = find_special(text, i);
            if (at != i) pass(text.substr(i, at - i));
            if (at == text.size()) return at;
            i = at + 1;
            if (place_ != place::quoted && (text[at] == '\n' || text[at] == '\r')) return end_line(text, at);
            pass_special(text[at]);
        }
    }

    /// Letters and separators, at least one.
    void pass(std::string_view text) noexcept
    {
        content_ = true;
        if (place_ == place::quoted) return;
        if (separator_ == 0) look_for_separator(text);
        place_ = is_separator(text.back()) ? place::start : place::unquoted;
    }

    /// A quote or a NUL; in a quoted cell also a CR or LF.
    void pass_special(char c) noexcept
    {
        content_ = true;
        nul_ = nul_ || c == '\0';
        if (c == '"')
            place_ = place_ == place::quoted     ? place::closed
                     : place_ == place::unquoted ? place::unquoted
                                                 : place::quoted;
        else if (place_ != place::quoted)
            place_ = place::unquoted;
    }

    /// The line ends at `at`, unless more of its line end may come.
    std::size_t end_line(std::string_view text, std::size_t at) noexcept
    {
        bool const is_cr = text[at++] == '\r';
        cr_ = is_cr && at == text.size();
        ended_ = !cr_;
        return is_cr && ended_ && text[at] == '\n' ? at + 1 : at;
    }

    std::size_t skip_bom(std::string_view text) noexcept
    {
        std::size_t i = 0;
        while (bom_ < bom.size() && i < text.size() && text[i] == bom[bom_])
            ++i, ++bom_;
        if (bom_ < bom.size() && i == text.size()) return i;
        at_start_ = false;
        if (bom_ < bom.size() && bom_ != 0) pass(bom.substr(0, std::exchange(bom_, 0)));
        return i;
    }

    /// In the header line.
    void look_for_separator(std::string_view text) noexcept
    {
        if (text.find(',') != std::string_view::npos)
            separator_ = ',';
        else if (auto const at = text.find_first_of(";\t|"); other_separator_ == 0 && at != text.npos)
            other_separator_ = text[at];
    }

    bool is_separator(char c) const noexcept
    {
        return separator_ != 0 ? c == separator_ : c == ';' || c == '\t' || c == '|';
    }

    /// The first quote, CR, LF or NUL from `i` on, or the end. Eight bytes at a time where there is none.
    static std::size_t find_special(std::string_view text, std::size_t i) noexcept
    {
        constexpr std::uint64_t ones = 0x0101010101010101;
        while (true) {
            for (std::uint64_t eight = 0; i + sizeof eight <= text.size(); i += sizeof eight) {
                std::memcpy(&eight, text.data() + i, sizeof eight);
                auto const quotes = eight ^ ones * '"';
                // Below 14, or a quote. A borrow reaches only bytes above one that is.
                if ((((eight - ones * 14) & ~eight) | ((quotes - ones) & ~quotes)) & ones << 7) break;
            }
            auto const stop = std::min(i + sizeof(std::uint64_t), text.size());
            for (; i != stop; ++i)
                if (auto const c = text[i]; c == '"' || c == '\n' || c == '\r' || c == '\0') return i;
            if (i == text.size()) return i;
        }
    }

    std::size_t size_ = 0;
    std::size_t bom_ = 0; ///< How much of a byte order mark stands at the start of the present line.
    char separator_ = 0;  ///< 0 as long as it is not known.
    char other_separator_ = 0;
    place place_ = place::start;
    bool at_start_ = true;
    bool content_ = false;
    bool nul_ = false;
    bool cr_ = false; ///< The last byte was a CR; a LF behind it belongs to the present line.
    bool ended_ = false;
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

/// Splits a complete answer. A last row without line end counts. Throws `errc::row_count_mismatch` if there
/// is no header line, or a NUL, or the text ends within quotes.
inline csv_answer parse_prediction(std::string_view text)
{
    csv_answer answer;
    csv_scanner scanner;
    std::size_t first = 0;
    for (auto rest = text; !rest.empty();) {
        auto const start = text.size() - rest.size();
        auto const line = scanner.take(rest);
        if (scanner.has_nul()) throw error(errc::row_count_mismatch, "the answer's CSV has a NUL byte");
        if (scanner.blank()) continue;
        if (answer.header.empty()) {
            answer.header = line.substr(scanner.bom_size());
            continue;
        }
        if (answer.count++ == 0) first = start;
        answer.rows = text.substr(first, start + line.size() - first);
    }
    if (scanner.quoted()) throw error(errc::row_count_mismatch, "the answer's CSV ends within quotes");
    if (answer.header.empty()) throw error(errc::row_count_mismatch, "the answer's CSV has no header line");
    return answer;
}

}}} // namespace practicus::v1::detail
