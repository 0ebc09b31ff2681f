// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wipe.hpp>
#include <practicus/error.hpp>

#include <boost/container/pmr/memory_resource.hpp>
#include <boost/json/kind.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse_options.hpp>
#include <boost/json/parser.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus::inline v1::detail {

namespace json = boost::json;

inline std::string_view kind_name(json::kind kind) noexcept
{
    switch (kind) {
    case json::kind::null: return "null";
    case json::kind::bool_: return "a boolean";
    case json::kind::string: return "a string";
    case json::kind::array: return "an array";
    case json::kind::object: return "an object";
    default: return "a number";
    }
}

/// What an `errc::unexpected_json` says: the place, empty for the answer itself, what is wrong with it, and
/// what came, if anything did.
inline std::string json_complaint(std::string_view place, std::string_view why,
                                  std::optional<json::kind> came)
{
    std::string text = place.empty() ? "the answer" : '\'' + std::string(place) + '\'';
    text.append(" ").append(why);
    if (came) text.append(", but ").append(kind_name(*came));
    return text;
}

/// The whole number that was written as one with a fraction of zero; up to 2^53.
inline std::optional<std::int64_t> whole_number(double number) noexcept
{
    constexpr double limit = 9007199254740992.0;
    if (!(number >= -limit && number <= limit)) return std::nullopt;
    auto const whole = static_cast<std::int64_t>(number);
    return static_cast<double>(whole) == number ? std::optional(whole) : std::nullopt;
}

/// A value of an answer, and where it stands in it. Every mismatch throws `errc::unexpected_json`, naming the
/// place, the type that was expected and the one that came; never the value.
class json_reader
{
public:
    json_reader(json::value const& value, json_reader const* parent = nullptr,
                std::string_view key = {}) noexcept
        : value_(value), parent_(parent), key_(key)
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
            if (auto const whole = whole_number(*number)) return *whole;
        fail(value_.is_number() ? "is not a whole number of 64 bits" : "is not a whole number");
    }

    std::string string_or_empty(std::string_view key) const
    {
        auto const member = get(key);
        return member ? member->string() : std::string();
    }

    [[noreturn]] void fail(std::string_view why, std::string_view member = {}) const
    {
        auto place = path();
        if (!member.empty()) place += (place.empty() ? "" : ".") + std::string(member);
        auto message = json_complaint(
            place, why, member.empty() ? std::optional(value_.kind()) : std::optional<json::kind>());
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
        return outer.empty() ? std::string(key_) : outer + '.' + std::string(key_);
    }

    json::value const& value_;
    json_reader const* parent_;
    std::string_view key_;
};

/// Depth of nesting that is read.
inline constexpr std::size_t max_json_depth = 32;

/// Memory that is wiped when it is freed.
class wiping_resource final : public boost::container::pmr::memory_resource
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

    bool do_is_equal(boost::container::pmr::memory_resource const& other) const noexcept override { return this == &other; }

    json::storage_ptr upstream_;
};

/// What a small answer needs, without an allocation.
struct wiped_bytes
{
    std::array<unsigned char, 2048> all;

    ~wiped_bytes() { wipe(all.data(), all.size()); }
};

[[noreturn]] inline void throw_not_json(boost::system::error_code const& cause)
{
    error_info info;
    info.code = errc::not_json;
    info.cause = cause;
    throw error(std::move(info));
}

/// Into `memory`, which the value keeps. Throws `errc::not_json`.
inline json::value parse_json(std::string_view text, json::storage_ptr memory = {})
{
    // For what is not yet part of the value.
    wiped_bytes scratch;
    boost::system::error_code code;
    json::parse_options options;
    options.max_depth = max_json_depth;
    json::parser parser(memory, options, scratch.all.data(), scratch.all.size());
    parser.reset(memory);
    parser.write(text, code);
    if (!code) return parser.release();
    throw_not_json(code);
}

/// An answer as JSON: a small one takes no memory but its own. It may hold tokens, and nothing of it stays
/// behind when it goes.
class json_document
{
public:
    /// Throws `errc::not_json`.
    explicit json_document(std::string_view text)
        : memory_(room_.all.data(), room_.all.size(), &larger_), value_(parse_json(text, &memory_))
    {}
    json_document(json_document const&) = delete;
    json_document& operator=(json_document const&) = delete;

    json::value const& value() const noexcept { return value_; }

private:
    wiped_bytes room_;
    wiping_resource larger_;
    json::monotonic_resource memory_;
    json::value value_;
};

} // namespace practicus::inline v1::detail
