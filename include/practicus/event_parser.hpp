// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/utf8.hpp>
#include <practicus/error.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace practicus { inline namespace v1 {

/// An event of a `text/event-stream`. Its texts are untrusted, and valid UTF-8: each invalid sequence became
/// one U+FFFD.
class stream_event
{
public:
    stream_event() noexcept {}

    /// The type; `message` if the server named none.
    std::string type;
    /// The data: the values of all `data` lines, joined by line feeds.
    std::string data;
    /// The last id that the server sent, with this event or before it; empty if there was none.
    std::string id;
    /// The last pause before a reconnection that the server asked for, with this event or before it. At most
    /// a year.
    std::optional<std::chrono::milliseconds> retry;
};

/// The limits of one event, in bytes.
class event_limits
{
public:
    event_limits() noexcept {}

    /// The data of an event. Default: 1 MiB.
    std::size_t data = std::size_t{1} << 20;
    /// A line, its field name included. Default: 1 MiB.
    std::size_t line = std::size_t{1} << 20;
    /// An id or a type. Default: 1 KiB.
    std::size_t name = 1024;
};

namespace detail {

/// Returns the size of the invalid sequence that a text begins with: the longest beginning of a code point,
/// or one byte.
inline std::size_t invalid_size(std::string_view text) noexcept
{
    auto const first = static_cast<unsigned char>(text.front());
    if (first < 0xc2 || first > 0xf4) return 1;
    std::size_t const whole = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    std::size_t size = 1;
    for (; size < std::min(whole, text.size()); ++size) {
        auto const byte = static_cast<unsigned char>(text[size]);
        if (byte < low || byte > high) break;
        low = 0x80;
        high = 0xbf;
    }
    return size;
}

/// Appends a text with one U+FFFD for each invalid sequence, as the UTF-8 decoder of the WHATWG Encoding
/// Standard does.
inline void append_decoded(std::string& out, std::string_view text)
{
    while (!text.empty()) {
        auto const other = std::find_if(text.begin(), text.end(),
                                        [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
        auto const ascii = static_cast<std::size_t>(other - text.begin());
        out += text.substr(0, ascii);
        text.remove_prefix(ascii);
        if (text.empty()) break;
        auto rest = text;
        auto const next = next_code_point(rest);
        // A U+FFFD of the text itself has three bytes.
        bool const invalid = next.bytes.size() == 1;
        out += invalid ? std::string_view("\xef\xbf\xbd") : next.bytes;
        text.remove_prefix(invalid ? invalid_size(text) : next.bytes.size());
    }
}

} // namespace detail

/// An incremental parser of `text/event-stream`, by the rules of the WHATWG HTML Standard (section 9.2.6,
/// "Interpreting an event stream"). Lines end with CR, LF or CRLF. An event that is unfinished at the end of
/// the stream is discarded.
class event_parser
{
public:
    event_parser() noexcept {}
    /// With other limits.
    explicit event_parser(event_limits limits) noexcept : limits_(limits) {}

    /// Reads on in `piece` and removes what it has read, up to the end of the next event. Returns that event,
    /// or nothing when the piece is used up. The pieces of a stream may be cut anywhere.
    ///
    /// Throws `errc::body_too_large` if an event exceeds a limit; the stream cannot be read further, and a
    /// later call throws again.
    std::optional<stream_event> next(std::string_view& piece)
    {
        if (refused_ != nullptr) refuse(refused_);
        skip_mark(piece);
        while (!piece.empty()) {
            bool const second = std::exchange(after_cr_, false) && piece.front() == '\n';
            if (second) {
                piece.remove_prefix(1);
                continue;
            }
            auto const end =
                std::find_if(piece.begin(), piece.end(), [](char c) { return c == '\n' || c == '\r'; });
            auto const size = static_cast<std::size_t>(end - piece.begin());
            if (line_.size() + size > limits_.line) refuse("a line of an event exceeds event_limits::line");
            auto const part = piece.substr(0, size);
            if (end == piece.end()) {
                line_ += part;
                piece = {};
                break;
            }
            after_cr_ = *end == '\r';
            piece.remove_prefix(size + 1);
            if (auto found = take_line(part)) return found;
        }
        return std::nullopt;
    }

    /// Returns the id of the last event that has ended, for a `Last-Event-ID` field. An event without data
    /// counts as well.
    std::string const& last_event_id() const noexcept { return last_id_; }

private:
    static constexpr std::size_t kept_capacity = 4096;

    // The UTF-8 decoder of the standard removes one byte order mark.
    void skip_mark(std::string_view& piece)
    {
        constexpr std::string_view mark = "\xef\xbb\xbf";
        while (in_mark_ && !piece.empty()) {
            if (piece.front() == mark[mark_size_]) {
                piece.remove_prefix(1);
                in_mark_ = ++mark_size_ != mark.size();
            } else {
                line_ = mark.substr(0, mark_size_);
                in_mark_ = false;
            }
        }
    }

    std::optional<stream_event> take_line(std::string_view last_part)
    {
        if (line_.empty()) return last_part.empty() ? dispatch() : read_field(last_part);
        line_ += last_part;
        auto found = read_field(line_);
        line_.clear();
        if (line_.capacity() > kept_capacity) std::string().swap(line_);
        return found;
    }

    // Returns nothing: only a blank line ends an event.
    std::optional<stream_event> read_field(std::string_view line)
    {
        auto const colon = line.find(':');
        auto const field = line.substr(0, colon);
        auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (field == "data")
            add_data(value);
        else if (field == "event")
            set_name(type_, value);
        else if (field == "id" && value.find('\0') == std::string_view::npos)
            set_name(id_, value);
        else if (field == "retry")
            set_retry(value);
        return std::nullopt;
    }

    void add_data(std::string_view value)
    {
        if (has_data_) data_ += '\n';
        has_data_ = true;
        detail::append_decoded(data_, value);
        if (data_.size() > limits_.data) refuse("the data of an event exceeds event_limits::data");
    }

    void set_name(std::string& name, std::string_view value)
    {
        name.clear();
        detail::append_decoded(name, value);
        if (name.size() > limits_.name) refuse("an id or a type of an event exceeds event_limits::name");
    }

    void set_retry(std::string_view value)
    {
        constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
        bool const digits = !value.empty() && value.find_first_not_of("0123456789") == std::string_view::npos;
        if (!digits) return;
        std::chrono::milliseconds::rep number = 0;
        auto const read = std::from_chars(value.data(), value.data() + value.size(), number);
        retry_ = read.ec == std::errc() ? std::min(std::chrono::milliseconds(number), longest) : longest;
    }

    std::optional<stream_event> dispatch()
    {
        last_id_ = id_;
        std::optional<stream_event> found;
        if (has_data_) {
            found.emplace();
            found->type = type_.empty() ? std::string("message") : std::move(type_);
            found->data = std::move(data_);
            found->id = id_;
            found->retry = retry_;
        }
        type_.clear();
        data_.clear();
        has_data_ = false;
        return found;
    }

    [[noreturn]] void refuse(char const* why)
    {
        refused_ = why;
        throw error(errc::body_too_large, why);
    }

    event_limits limits_;
    // The beginning of a line that a piece has cut.
    std::string line_;
    std::string type_;
    std::string data_;
    std::string id_;
    std::string last_id_;
    std::optional<std::chrono::milliseconds> retry_;
    char const* refused_ = nullptr;
    std::size_t mark_size_ = 0;
    bool in_mark_ = true;
    bool after_cr_ = false;
    bool has_data_ = false;
};

}} // namespace practicus::v1
