// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

/// A scanner for the record ends of CSV text. Separators and values are not interpreted.
namespace practicus { inline namespace v1 { namespace detail {

/// Finds the records of a CSV text that arrives in pieces of any size. Works in one pass, by the rules of
/// Python's `csv` and pandas.
///
/// Rules:
/// - A record ends with CR, LF or CRLF outside of quotes; a text may mix them.
/// - A quote opens only at the start of a cell. Elsewhere in an unquoted cell it is a literal (`TV 27"
///   wide`).
/// - In a quoted cell, a doubled quote is a literal and a single one closes. The text up to the separator
///   still belongs to the cell, unquoted.
/// - The separator is the comma if the header line has one outside of quotes. Otherwise it is the first
///   semicolon, tab or vertical bar in it.
/// - An empty line is blank and not a record: readers such as pandas skip it. A line of spaces is a record.
/// - A UTF-8 byte order mark at the start of the text is part of the first line, but does not make it a
///   record.
class csv_scanner
{
public:
    /// Removes from `text` the bytes of the current line, its line end included, or all of it if the line
    /// continues. `text` must not be empty. After a line end the next line becomes the current one. A CR at
    /// the end of a piece may be followed by LF. The next call ends that line, with an empty result if there
    /// is none.
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

    /// Returns true if the line end of the current line was taken.
    bool ended() const noexcept { return ended_; }

    /// Returns true if `ended()`, or after a CR that may begin a CRLF.
    bool has_line_end() const noexcept { return ended_ || cr_; }

    /// Returns the bytes taken of the current line, line end and byte order mark included.
    std::size_t size() const noexcept { return size_; }

    /// Returns true if the bytes taken of the current line are no record.
    bool blank() const noexcept { return !content_ && (bom_ == 0 || bom_ == bom.size()); }

    /// Returns the size of the byte order mark of the current line: 3 or 0.
    std::size_t bom_size() const noexcept { return bom_ == bom.size() ? bom_ : 0; }

    /// Returns true if the current line ends, so far, within quotes.
    bool quoted() const noexcept { return place_ == place::quoted; }

    /// Returns true if the current line contains a NUL.
    bool has_nul() const noexcept { return nul_; }

private:
    static constexpr std::string_view bom = "\xef\xbb\xbf";

    /// The scanner's position in a cell.
    enum class place : unsigned char
    {
        start,
        unquoted,
        quoted,
        closed ///< After a quote that closes or is the first of two.
    };

    void begin_line() noexcept
    {
        ended_ = at_start_ = content_ = nul_ = false;
        size_ = bom_ = 0;
        place_ = place::start;
    }

    /// Returns the position after the line end of the current line in `text`.
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

    /// Processes ordinary characters and separators, at least one.
    void pass(std::string_view text) noexcept
    {
        content_ = true;
        if (place_ == place::quoted) return;
        if (separator_ == 0) look_for_separator(text);
        place_ = is_separator(text.back()) ? place::start : place::unquoted;
    }

    /// Processes a quote or NUL, or in a quoted cell CR or LF.
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

    /// Ends the line at `at`, unless a LF may follow in the next piece.
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

    /// Has an effect only in the header line.
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

    /// Returns the position of the first quote, CR, LF or NUL from `i` on, or the end. Skips eight bytes at a
    /// time.
    static std::size_t find_special(std::string_view text, std::size_t i) noexcept
    {
        constexpr std::uint64_t ones = 0x0101010101010101;
        while (true) {
            for (std::uint64_t eight = 0; i + sizeof eight <= text.size(); i += sizeof eight) {
                std::memcpy(&eight, text.data() + i, sizeof eight);
                auto const quotes = eight ^ ones * '"';
                // Bytes below 14 and quotes. A borrow can only mark bytes above a real match.
                if ((((eight - ones * 14) & ~eight) | ((quotes - ones) & ~quotes)) & ones << 7) break;
            }
            auto const stop = std::min(i + sizeof(std::uint64_t), text.size());
            for (; i != stop; ++i)
                if (auto const c = text[i]; c == '"' || c == '\n' || c == '\r' || c == '\0') return i;
            if (i == text.size()) return i;
        }
    }

    std::size_t size_ = 0;
    std::size_t bom_ = 0; ///< The part of a byte order mark seen at the start of the current line.
    char separator_ = 0;  ///< 0 while unknown.
    char other_separator_ = 0;
    place place_ = place::start;
    bool at_start_ = true;
    bool content_ = false;
    bool nul_ = false;
    bool cr_ = false; ///< The last byte was a CR; a following LF belongs to the current line.
    bool ended_ = false;
};

/// The response of a model, as views of its text.
struct csv_answer
{
    /// The header line with its line end, if any, and without a byte order mark.
    std::string_view header;
    /// From the first row to the end of the last, blank lines included. Without a line end if the last row
    /// has none.
    std::string_view rows;
    /// The number of rows.
    std::size_t count = 0;
};

/// Splits a complete response. A last row without line end counts. Fails with `errc::row_count_mismatch` for
/// a missing header line, a NUL, or an end within quotes.
inline result<csv_answer> parse_prediction(std::string_view text)
{
    csv_answer answer;
    csv_scanner scanner;
    std::size_t first = 0;
    for (auto rest = text; !rest.empty();) {
        auto const start = text.size() - rest.size();
        auto const line = scanner.take(rest);
        if (scanner.has_nul())
            return make_failure(errc::row_count_mismatch, "the response's CSV has a NUL byte");
        if (scanner.blank()) continue;
        if (answer.header.empty()) {
            answer.header = line.substr(scanner.bom_size());
            continue;
        }
        if (answer.count++ == 0) first = start;
        answer.rows = text.substr(first, start + line.size() - first);
    }
    if (scanner.quoted())
        return make_failure(errc::row_count_mismatch, "the response's CSV ends within quotes");
    if (answer.header.empty())
        return make_failure(errc::row_count_mismatch, "the response's CSV has no header line");
    return answer;
}

}}} // namespace practicus::v1::detail
