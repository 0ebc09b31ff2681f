// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wipe.hpp>
#include <practicus/error.hpp>

#include <boost/json/kind.hpp>
#include <boost/json/memory_resource.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

namespace json = boost::json;

/// A value of an answer, and where it stands in it. Every mismatch throws `errc::unexpected_json`, naming the
/// place, the type that was expected and the one that came; never the value.
class json_reader
{
public:
    json_reader(json::value const& value, json_reader const* parent = nullptr, std::string_view key = {},
                std::size_t index = 0) noexcept
        : value_(value), parent_(parent), key_(key), index_(index)
    {}

    json::value const& value() const noexcept { return value_; }

    /// A member that must be there.
    json_reader at(std::string_view key) const
    {
        auto const* const member = find(key);
        if (member == nullptr) fail("is missing", key);
        return {*member, this, key};
    }

    /// A member that may be missing; null counts as missing.
    std::optional<json_reader> get(std::string_view key) const
    {
        auto const* const member = find(key);
        if (member == nullptr || member->is_null()) return std::nullopt;
        return json_reader(*member, this, key);
    }

    std::string string() const { return std::string(text()); }

    /// The same, without a copy: as long as the value lives.
    std::string_view text() const
    {
        if (auto const* const found = value_.if_string()) return {found->data(), found->size()};
        fail("is not a string");
    }

    /// A whole number, also if it was written as one with a fraction of zero, up to 2^53.
    std::int64_t integer() const
    {
        if (auto const* const number = value_.if_int64()) return *number;
        if (auto const* const number = value_.if_double())
            if (*number >= -9007199254740992.0 && *number <= 9007199254740992.0 &&
                static_cast<double>(static_cast<std::int64_t>(*number)) == *number)
                return static_cast<std::int64_t>(*number);
        fail(value_.is_number() ? "is not a whole number of 64 bits" : "is not a whole number");
    }

    /// A text, or a number as its text.
    std::string string_or_number() const
    {
        if (value_.is_string()) return string();
        if (auto const* const number = value_.if_int64()) return std::to_string(*number);
        if (auto const* const number = value_.if_uint64()) return std::to_string(*number);
        if (auto const* const number = value_.if_double()) {
            std::array<char, 32> text;
            auto const end = std::to_chars(text.data(), text.data() + text.size(), *number).ptr;
            return std::string(text.data(), end);
        }
        fail("is neither a string nor a number");
    }

    bool boolean() const
    {
        if (auto const* const flag = value_.if_bool()) return *flag;
        fail("is not true or false");
    }

    std::string string_or_empty(std::string_view key) const
    {
        auto const member = get(key);
        return member ? member->string() : std::string();
    }

    bool flag_or_false(std::string_view key) const
    {
        auto const member = get(key);
        return member && member->boolean();
    }

    /// Calls `read(json_reader)` for each element.
    template <class T, class Read>
    std::vector<T> list(Read read) const
    {
        auto const* const array = value_.if_array();
        if (array == nullptr) fail("is not an array");
        std::vector<T> result;
        result.reserve(array->size());
        for (std::size_t i = 0; i != array->size(); ++i)
            result.push_back(read(json_reader((*array)[i], this, {}, i)));
        return result;
    }

    [[noreturn]] void fail(std::string_view why, std::string_view member = {}) const
    {
        auto place = path();
        if (!member.empty()) place += (place.empty() ? "" : ".") + std::string(member);
        std::string message = (place.empty() ? "the answer" : "'" + place + "'") + ' ' + std::string(why);
        if (member.empty()) message += ", but " + kind_name();
        throw error(errc::unexpected_json, std::move(message));
    }

private:
    json::value const* find(std::string_view key) const
    {
        auto const* const object = value_.if_object();
        if (object == nullptr) fail("is not an object");
        return object->if_contains(key);
    }

    std::string path() const
    {
        if (parent_ == nullptr) return {};
        auto const outer = parent_->path();
        if (key_.empty()) return outer + '[' + std::to_string(index_) + ']';
        return outer.empty() ? std::string(key_) : outer + '.' + std::string(key_);
    }

    std::string kind_name() const
    {
        switch (value_.kind()) {
        case json::kind::null: return "null";
        case json::kind::bool_: return "a boolean";
        case json::kind::string: return "a string";
        case json::kind::array: return "an array";
        case json::kind::object: return "an object";
        default: return "a number";
        }
    }

    json::value const& value_;
    json_reader const* parent_;
    std::string_view key_;
    std::size_t index_;
};

/// Depth of nesting that is read.
inline constexpr std::size_t max_json_depth = 32;

/// Memory that is wiped when it is freed.
class wiping_resource final : public json::memory_resource
{
public:
    explicit wiping_resource(json::storage_ptr upstream = {}) noexcept : upstream_(std::move(upstream)) {}

private:
    void* do_allocate(std::size_t size, std::size_t align) override
    {
        return upstream_->allocate(size, align);
    }

    void do_deallocate(void* p, std::size_t size, std::size_t align) override
    {
        wipe(p, size);
        upstream_->deallocate(p, size, align);
    }

    bool do_is_equal(json::memory_resource const& other) const noexcept override { return this == &other; }

    json::storage_ptr upstream_;
};

/// Into `memory`, which the value keeps. Throws `errc::not_json`.
inline json::value parse_json(std::string_view text, json::storage_ptr memory = {})
{
    // For what is not yet part of the value; up to this size without an allocation.
    struct wiped_bytes
    {
        std::array<unsigned char, 4096> all;
        ~wiped_bytes() { wipe(all.data(), all.size()); }
    };
    wiped_bytes scratch;
    boost::system::error_code code;
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::parser parser(memory, options, scratch.all.data(), scratch.all.size());
    parser.reset(memory);
    parser.write(text, code);
    if (!code) return parser.release();
    error_info info;
    info.code = errc::not_json;
    info.cause = code;
    throw error(std::move(info));
}

/// Of an answer that holds tokens: nothing of it stays behind in freed memory.
inline json::value parse_secret_json(std::string_view text)
{
    return parse_json(text, json::make_shared_resource<wiping_resource>());
}

} // namespace practicus::inline v1::detail
