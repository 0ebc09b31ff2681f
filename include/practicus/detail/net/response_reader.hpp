// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string_type.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#include <boost/beast/version.hpp>
#include <boost/none.hpp>
#include <boost/optional/optional.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

namespace beast = boost::beast;

/// A parser based on Beast's that keeps only the needed parts of a response. A general message type spends
/// most of its time on unused fields.
class response_reader final : public beast::http::basic_parser<false>
{
public:
    using error_code = boost::system::error_code;

    /// `secret`: the body may hold a token. See `request::all_fields`. `to_head`: the response to a HEAD,
    /// which has no body.
    response_reader(std::size_t header_limit, std::size_t body_limit, bool secret = true,
                    bool all_fields = false, bool to_head = false)
        : header_limit_(header_limit), body_limit_(body_limit), all_fields_(all_fields)
    {
        response_.secret = secret;
        this->header_limit(static_cast<std::uint32_t>(
            std::min<std::size_t>(header_limit, std::numeric_limits<std::uint32_t>::max())));
        this->body_limit(boost::none);
        this->skip(to_head);
    }

    /// Parses received bytes and returns the number used. `need_more` is no error here.
    std::size_t feed(std::string_view bytes, error_code& code)
    {
        std::size_t used = 0;
        while (!is_done() && used < bytes.size() && !is_unclear(bytes, used, code)) {
            bool const in_header = !is_header_done();
            eager(!in_header);
            auto const n = put_repaired(bytes, used, code);
            used += n;
            if (in_header) count_header(n, bytes.size() - used, code);
            bool const needs_more = code == beast::http::error::need_more;
            if (needs_more) code = {};
            if (needs_more || code || n == 0) break;
        }
        return used;
    }

    /// Returns true for a 1xx response, after which another one follows (RFC 9110 section 15.2). An
    /// unsolicited 101 is followed by nothing readable.
    bool interim() const noexcept
    {
        return response_.status >= 100 && response_.status < 200 && response_.status != 101;
    }

    response& result()
    {
        response_.keep_alive = keep_alive();
        response_.delimited = !need_eof();
        return response_;
    }

    /// The number of bytes of the body yet to come if the head has a length, else 0.
    std::uint64_t left() { return is_header_done() ? content_length_remaining().value_or(0) : 0; }

    /// Continues after the part of the body in `from`. `whole`: the rest is delivered in one piece.
    void go_on(response& from, bool whole) noexcept
    {
        whole_ = whole;
        if (begun_to_give_) response_.body.swap(from.body);
    }

    /// Moves the received part of the body to `to`.
    void hand_over(response& to)
    {
        auto& here = result();
        if (!std::exchange(begun_to_give_, true)) {
            to = std::move(here);
            here.body.clear();
            return;
        }
        to.keep_alive = here.keep_alive;
        to.delimited = here.delimited;
        to.body.swap(here.body);
    }

    /// Describes a server that answers in another known protocol; otherwise returns an empty text.
    static char const* other_protocol(std::string_view bytes, bool over_tls) noexcept
    {
        // RFC 8446 section 5.1: an alert.
        if (!over_tls && bytes.starts_with("\x15\x03"))
            return "the server speaks TLS on this port: the url begins with https";
        return bytes.starts_with("HTTP/2") || begins_like_http2(bytes) ? http2_only : "";
    }

    static errc to_errc(error_code const& code) noexcept
    {
        if (code == beast::http::error::header_limit) return errc::header_too_large;
        if (code == beast::http::error::body_limit) return errc::body_too_large;
        if (code == beast::http::error::end_of_stream || code == beast::http::error::partial_message)
            return errc::connection_lost;
        return errc::malformed_response;
    }

private:
    using string_view = beast::string_view;
    using field = beast::http::field;

    // Beast asserts at least 5 bytes when the last chunk is the only one and arrives in pieces. At least 5
    // always follow.
    static bool may_be_part_of_last_chunk(std::string_view bytes) noexcept
    {
        return bytes.starts_with('0') && bytes.size() < std::string_view("0\r\n\r\n").size();
    }

    // Beast waits for the whole version, which is longer than a TLS alert.
    static bool begins_like_http(std::string_view bytes) noexcept
    {
        constexpr std::string_view begin = "HTTP/1.";
        return bytes.substr(0, begin.size()) == begin.substr(0, bytes.size());
    }

    static constexpr std::size_t http2_frame_head = 9;

    /// Returns true for an HTTP/2 server, or if there are too few bytes to tell. Its first frame is SETTINGS
    /// on stream 0, with 6 bytes per setting (RFC 9113 section 3.4).
    static bool begins_like_http2(std::string_view bytes) noexcept
    {
        constexpr std::string_view settings("\0\0\0\4\0\0\0\0\0", http2_frame_head);
        for (std::size_t i = 0; i != std::min(bytes.size(), http2_frame_head); ++i)
            if (i == 2 ? static_cast<unsigned char>(bytes[i]) % 6 != 0 : bytes[i] != settings[i])
                return false;
        return !bytes.empty();
    }

    /// Returns true if Beast must not get the bytes from `used` on: not yet, or, with `code`, never.
    bool is_unclear(std::string_view bytes, std::size_t used, error_code& code)
    {
        if (is_header_done()) return chunked() && may_be_part_of_last_chunk(bytes.substr(used));
        if (header_size_ != 0 || begins_like_http(bytes)) return false;
        if (!begins_like_http2(bytes) || bytes.size() >= http2_frame_head)
            code = beast::http::error::bad_version;
        return true;
    }

    /// Passes the bytes from `used` on to Beast, in a form that it accepts.
    std::size_t put_repaired(std::string_view bytes, std::size_t used, error_code& code)
    {
        if (header_size_ == 0 && lacks_reason(bytes)) return put_with_reason(bytes, code);
        auto const n = put_some(bytes.substr(used), code);
        if (code != beast::http::error::bad_chunk_extension) return n;
        return n + put_without_blanks(bytes.substr(used + n), code);
    }

    /// Checks the size of the head, of which `n` bytes were used. Beast compares each piece with the limit;
    /// this compares their sum.
    void count_header(std::size_t n, std::size_t unused, error_code& code)
    {
        header_size_ += n;
        auto const begun = is_header_done() ? 0 : unused;
        if (header_size_ + begun > header_limit_ && (!code || code == beast::http::error::need_more))
            code = beast::http::error::header_limit;
    }

    std::size_t put_some(std::string_view bytes, error_code& code)
    {
        return put(boost::asio::const_buffer(bytes.data(), bytes.size()), code);
    }

    // RFC 9112 section 4 requires a space after the status, with or without a reason. Some servers omit it,
    // and all common clients accept that.
    static constexpr std::size_t status_line = std::string_view("HTTP/1.1 200").size();

    static bool lacks_reason(std::string_view bytes) noexcept
    {
        return bytes.size() > status_line + 1 && bytes[status_line] == '\r' && bytes[status_line + 1] == '\n';
    }

    std::size_t put_with_reason(std::string_view bytes, error_code& code)
    {
        std::string whole(bytes);
        whole.insert(status_line, 1, ' ');
        auto const n = put_some(whole, code);
        wipe(whole.data(), whole.size());
        return n - (n != 0 ? 1 : 0);
    }

    /// Replaces blanks in a chunk's line by zeros before the size, which keeps the length that Beast
    /// measured. Beast accepts blanks before an extension, but not before the line's end (RFC 9112 section
    /// 7.1.1).
    std::size_t put_without_blanks(std::string_view bytes, error_code& code)
    {
        constexpr std::string_view line_end = "\r\n";
        auto const begin = bytes.starts_with(line_end) ? line_end.size() : 0;
        auto const end = bytes.find(line_end, begin);
        if (end == std::string_view::npos) return 0;
        auto const text = bytes.substr(begin, end - begin);
        auto const kept = text.find_last_not_of(" \t") + 1;
        if (kept == 0 || kept == text.size()) return 0;
        auto const digit = text.find_first_not_of('0');
        // The last chunk is parsed together with the trailer.
        bool const is_last = std::string_view("; \t").find(text[digit]) != std::string_view::npos;
        std::string copy(is_last ? bytes : bytes.substr(0, end + line_end.size()));
        auto* const first = copy.data() + begin;
        std::rotate(first, first + kept, first + text.size());
        std::fill_n(first, text.size() - kept, '0');
        return put_some(copy, code);
    }

    void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}

    void on_response_impl(int status, string_view, int, error_code&) override
    {
        response_.status = static_cast<unsigned>(status);
    }

    void on_field_impl(field name, string_view name_text, string_view value, error_code& code) override
    {
        // A trailer comes after the body and must not change earlier decisions.
        if (in_trailer_) return;
        if (all_fields_ || (name == field::unknown && is_of_region(name_text)))
            response_.fields.add(name_text, value);
        switch (name) {
        case field::transfer_encoding:
            // Another coding would remain in the body. (Beast rejects a second field.)
            if (!beast::iequals(value, "chunked")) code = beast::http::error::bad_transfer_encoding;
            break;
        case field::content_type: response_.content_type = value; break;
        case field::content_encoding:
            // Several lines are one list (RFC 9110 section 5.2).
            if (!response_.content_encoding.empty()) response_.content_encoding += ", ";
            response_.content_encoding += value;
            break;
        case field::location: response_.location = value; break;
        case field::retry_after: response_.retry_after = value; break;
        case field::date: response_.date = value; break;
        case field::keep_alive: response_.keep_alive_timeout = read_timeout(value); break;
        default: break;
        }
    }

    static bool is_of_region(std::string_view name) noexcept
    {
        constexpr std::string_view prefix = "x-prt-";
        return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    }

    /// Returns the `timeout` of a field such as `timeout=5, max=100` (RFC 2068 section 19.7.1.1).
    static std::optional<std::chrono::seconds> read_timeout(std::string_view text) noexcept
    {
        while (!text.empty()) {
            auto const comma = text.find(',');
            auto part = text.substr(0, comma);
            text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
            while (part.starts_with(' ') || part.starts_with('\t'))
                part.remove_prefix(1);
            constexpr std::string_view name = "timeout=";
            if (!equals_ignoring_case(part.substr(0, name.size()), name)) continue;
            part.remove_prefix(name.size());
            long seconds = 0;
            auto const [end, failed] = std::from_chars(part.data(), part.data() + part.size(), seconds);
            if (failed == std::errc() && end != part.data() && seconds >= 0 && seconds < 1'000'000)
                return std::chrono::seconds(seconds);
        }
        return std::nullopt;
    }

#if BOOST_BEAST_VERSION >= 359 // Boost 1.90 distinguishes trailers
    void on_trailer_field_impl(field, string_view, string_view, error_code&) override {}
#endif

    void on_header_impl(error_code&) override
    {
        in_trailer_ = true;
    }

    void on_body_init_impl(boost::optional<std::uint64_t> const& length, error_code& code) override
    {
        if (length) is_too_long(*length, code);
    }

    bool is_too_long(std::uint64_t size, error_code& code) const noexcept
    {
        if (size <= body_limit_ - body_size_) return false;
        code = beast::http::error::body_limit;
        return true;
    }

    std::size_t on_body_impl(string_view piece, error_code& code) override
    {
        if (is_too_long(piece.size(), code)) return 0;
        body_size_ += piece.size();
        auto& body = response_.body;
        if (body.capacity() - body.size() < piece.size()) {
            auto const known = whole_ ? std::min<std::uint64_t>(left(), believed_length) : 0;
            std::string larger;
            larger.reserve(
                std::max(2 * body.size() + piece.size(), body.size() + static_cast<std::size_t>(known)));
            larger = body;
            // The old buffer may contain a token.
            if (response_.secret) wipe(body.data(), body.size());
            body.swap(larger);
        }
        body.append(piece.data(), piece.size());
        return piece.size();
    }

    void on_chunk_header_impl(std::uint64_t size, string_view, error_code& code) override
    {
        is_too_long(size, code);
    }

    std::size_t on_chunk_body_impl(std::uint64_t, string_view piece, error_code& code) override
    {
        return on_body_impl(piece, code);
    }

    void on_finish_impl(error_code&) override {}

    /// The most that is reserved at once; a longer body grows as it arrives.
    static constexpr std::uint64_t believed_length = 16U << 20;

    std::size_t header_limit_;
    std::size_t header_size_ = 0;
    std::size_t body_limit_;
    /// Received bytes of the body. Beast's own limit would count a chunk twice if its line is parsed twice.
    std::size_t body_size_ = 0;
    bool all_fields_ = false;
    bool in_trailer_ = false;
    bool begun_to_give_ = false;
    bool whole_ = false;
    response response_;
};

}}} // namespace practicus::v1::detail
