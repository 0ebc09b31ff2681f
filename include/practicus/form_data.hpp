// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/error.hpp>
#include <practicus/predict.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

class form_data;

namespace detail {

/// A piece of a form's body: a text or a source.
struct form_piece
{
    explicit form_piece(body_source s = nullptr, std::optional<std::uint64_t> n = {})
        : from(std::move(s)), size(n)
    {}

    std::string text;
    body_source from;
    /// The bytes left in the source; empty if unknown.
    std::optional<std::uint64_t> size;
};

std::vector<form_piece> take_pieces(form_data&& of);

/// Returns a name as browsers write it into `Content-Disposition` (WHATWG HTML section 4.10.21.8).
inline std::string escaped_form_name(std::string_view text, bool is_field)
{
    std::string out;
    for (std::size_t i = 0; i != text.size(); ++i) {
        char const c = text[i];
        if (c == '"') {
            out += "%22";
        } else if (c != '\r' && c != '\n') {
            if (is_control(c))
                throw error(errc::invalid_argument, "form_data: a name must not hold a control character");
            out += c;
        } else if (!is_field) {
            out += c == '\r' ? "%0D" : "%0A";
        } else {
            // Each line end of a field's name is written as both.
            out += "%0D%0A";
            if (c == '\r' && text.substr(i + 1).starts_with('\n')) ++i;
        }
    }
    return out;
}

/// Returns a text of 128 random bits, which occurs in no part.
inline std::string random_boundary()
{
    std::random_device device;
    std::string out = "practicus-";
    for (int i = 0; i != 16; ++i)
        append_hex(out, static_cast<char>(device() & 255));
    return out;
}

} // namespace detail

/// The parts of a `multipart/form-data` body (RFC 7578), written as browsers do; see `request::multipart`.
class form_data
{
public:
    form_data() : boundary_(detail::random_boundary()) {}

    /// Adds a field. A value is sent unchanged. Throws `errc::invalid_argument` for a control character in
    /// the name, except a line end, which is escaped.
    form_data& field(std::string_view name, std::string_view value)
    {
        begin_part(name).append("\r\n\r\n").append(value);
        return *this;
    }

    /// Adds a file with its content. Throws as `field`, also for the file's name, and for a media type that
    /// is empty or holds a control character.
    form_data& file(std::string_view name, std::string_view file_name, std::string_view type,
                    std::string_view content)
    {
        begin_file(name, file_name, type).append(content);
        return *this;
    }

    /// Adds a file that a source gives piece by piece. The body is chunked, unless the `size` of each source
    /// is known.
    form_data& file(std::string_view name, std::string_view file_name, std::string_view type,
                    body_source content, std::optional<std::uint64_t> size = std::nullopt)
    {
        if (!content) throw error(errc::invalid_argument, "form_data::file: the source must not be empty");
        begin_file(name, file_name, type);
        pieces_.emplace_back(std::move(content), size);
        return *this;
    }

    /// Returns the text between the parts: 128 random bits.
    std::string const& boundary() const noexcept { return boundary_; }

private:
    friend std::vector<detail::form_piece> detail::take_pieces(form_data&& of);

    std::string& text()
    {
        if (pieces_.empty() || pieces_.back().from) pieces_.emplace_back();
        return pieces_.back().text;
    }

    /// Appends a delimiter: the line end before it belongs to it.
    std::string& delimit()
    {
        bool const first = pieces_.empty();
        return text().append(first ? "--" : "\r\n--").append(boundary_);
    }

    std::string& begin_part(std::string_view name)
    {
        auto const escaped = detail::escaped_form_name(name, true);
        return delimit().append("\r\nContent-Disposition: form-data; name=\"").append(escaped).append("\"");
    }

    std::string& begin_file(std::string_view name, std::string_view file_name, std::string_view type)
    {
        auto const escaped = detail::escaped_form_name(file_name, false);
        auto const checked = detail::checked_type("form_data::file: the type", std::string(type));
        return begin_part(name)
            .append("; filename=\"")
            .append(escaped)
            .append("\"\r\nContent-Type: ")
            .append(checked)
            .append("\r\n\r\n");
    }

    std::string boundary_;
    std::vector<detail::form_piece> pieces_;
};

namespace detail {

inline std::vector<form_piece> take_pieces(form_data&& of)
{
    of.delimit().append("--\r\n");
    return std::move(of.pieces_);
}

/// The source of a form's body. A copy that was not read yet reads the whole form.
class form_reader
{
public:
    explicit form_reader(std::vector<form_piece> pieces) : pieces_(std::move(pieces)) {}

    /// Returns the size of the body, or nothing if it is not known.
    std::optional<std::uint64_t> size() const
    {
        std::uint64_t sum = 0;
        for (auto const& piece : pieces_) {
            if (piece.from && !piece.size) return std::nullopt;
            sum += piece.from ? *piece.size : piece.text.size();
        }
        return sum;
    }

    /// Returns the body if it has no source.
    std::optional<std::string> take_text()
    {
        if (pieces_.size() != 1) return std::nullopt;
        return std::move(pieces_.front().text);
    }

    boost::asio::awaitable<std::string> operator()()
    {
        while (next_ != pieces_.size()) {
            auto& piece = pieces_[next_];
            if (!piece.from) {
                ++next_;
                co_return std::move(piece.text);
            }
            std::string content;
            if (piece.size != 0) {
                auto asking = piece.from();
                content = co_await std::move(asking);
            }
            // The request compares the sum of all sizes.
            if (piece.size) *piece.size -= std::min<std::uint64_t>(*piece.size, content.size());
            if (!content.empty()) co_return content;
            ++next_;
        }
        co_return std::string();
    }

private:
    std::vector<form_piece> pieces_;
    std::size_t next_ = 0;
};

} // namespace detail

}} // namespace practicus::v1
