// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/json_schema.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/detail/wire/piece_reader.hpp>
#include <practicus/detail/wire/shape_handler.hpp>
#include <practicus/error.hpp>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/error.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/system/error_code.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Boost.JSON's parser for a schema.
///
/// The parser never gets a partial code point or escape. Up to Boost 1.85, it writes past its buffer when it
/// resumes within one in a long string (boostorg/json issue 876). A byte that ends a value splits neither, so
/// the bytes after the last such byte wait for the next piece.
class shape_parser
{
public:
    /// As the constructor of `shape_handler`.
    shape_parser(json_member const& root, void* target, bool strict)
        : parser_(options(), root, target, strict)
    {}

    void restart() noexcept
    {
        parser_.reset();
        parser_.handler().restart();
        failure_.clear();
        rest_.clear();
        begun_ = false;
    }

    /// Returns false if the text is invalid; `end` then throws the reason.
    bool take(std::string_view piece)
    {
        constexpr std::string_view ends = ",}]";
        if (piece.empty() || failure_) return !failure_;
        // The first byte immediately: it already shows text that is not JSON.
        if (!std::exchange(begun_, true)) {
            write(true, piece.substr(0, 1));
            piece.remove_prefix(1);
        }
        auto const first = piece.find_first_of(ends);
        if (failure_) return false;
        if (first == piece.npos) {
            rest_.append(piece);
            return true;
        }
        if (!rest_.empty()) {
            rest_.append(piece.substr(0, first + 1));
            piece.remove_prefix(first + 1);
            write(true, rest_);
        }
        auto const end = piece.find_last_of(ends) + 1;
        write(true, piece.substr(0, end));
        rest_ = piece.substr(end);
        return !failure_;
    }

    left_out_entries const& left_out() const noexcept { return parser_.handler().left_out(); }

    /// Call after the last piece. Throws `errc::not_json` or `errc::unexpected_json`.
    void end(std::string_view last = {})
    {
        write(true, rest_);
        write(false, last);
        if (auto const& why = parser_.handler().error_text(); !why.empty())
            throw error(errc::unexpected_json, why);
        if (failure_) throw_not_json(failure_);
    }

private:
    static json::parse_options options() noexcept
    {
        json::parse_options result;
        result.max_depth = max_json_depth;
        return result;
    }

    void write(bool more, std::string_view piece)
    {
        if (failure_ || (more && piece.empty())) return;
        auto const used = parser_.write_some(more, piece.data(), piece.size(), failure_);
        if (!failure_ && used < piece.size()) failure_ = json::error::extra_data;
    }

    json::basic_parser<shape_handler> parser_;
    boost::system::error_code failure_;
    std::string rest_;
    bool begun_ = false;
};

/// Reads one object. Throws `errc::not_json` or `errc::unexpected_json`.
template <class T>
T read_object(std::string_view text, json_schema const& shape)
{
    T result;
    shape_parser parser({{}, json_type::object, true, nullptr, &shape}, &result, true);
    parser.end(text);
    return result;
}

/// Reads an array of `T` in pieces.
template <class T>
class list_reader final : public piece_reader
{
public:
    /// If `strict`, an entry without a required member fails the list; otherwise it is left out.
    list_reader(json_schema const& shape, bool strict)
        : parser_({{}, json_type::list, true, nullptr, &shape, add_to<T>, drop_from<T>}, &list_, strict)
    {}
    list_reader(list_reader const&) = delete;
    list_reader& operator=(list_reader const&) = delete;

    void restart() override
    {
        parser_.restart();
        list_.clear();
    }

    bool take(std::string_view piece) override { return parser_.take(piece); }

    /// Returns the whole list. Throws `errc::not_json` or `errc::unexpected_json`.
    std::vector<T> result()
    {
        parser_.end();
        return std::move(list_);
    }

    /// Returns the entries that were left out.
    left_out_entries const& left_out() const noexcept { return parser_.left_out(); }

private:
    std::vector<T> list_;
    shape_parser parser_;
};

}}} // namespace practicus::v1::detail
