// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// The storage type of a member, and the values that it accepts. Other values leave an optional member empty;
/// for required ones see `shape_handler`.
enum class json_type
{
    text,        ///< `std::string`: a string, or a number as text
    description, ///< `std::string`: a string, or any other value as JSON text
    secret,      ///< `wire_text`: a string that is wiped; other values fail the response
    integer,     ///< `std::int64_t`: an integer of 64 bits, or a string with one
    flag,        ///< `bool`: any value; true if neither zero nor empty, as in Python
    object,      ///< a type with a schema
    keyed,       ///< `std::string`: a string, or the member `key` of an object
    list         ///< `std::vector` of a type with a schema
};

struct json_schema;

/// A member to read and its target. Types are erased: one parser serves all schemas.
struct json_member
{
    std::string_view name;
    json_type type;
    /// The member must be present and not null.
    bool required = false;
    /// Returns the member's storage in `object`, reset to its initial value.
    void* (*in)(void* object) = nullptr;
    /// The schema of the object, or of the list's elements.
    json_schema const* shape = nullptr;
    /// Appends an element to a list.
    void* (*add)(void* list) = nullptr;
    /// Removes the last element.
    void (*drop)(void* list) = nullptr;
};

/// A member with its pointer, which is also a column of a listing.
template <auto Member>
struct typed_member : json_member
{
    static constexpr auto value = Member;
};

/// The members to read from an object; others are skipped.
struct json_schema
{
    static constexpr std::size_t most = 32;

    constexpr explicit json_schema(std::span<json_member const> all) : members(all)
    {
        if (all.size() > most) throw std::length_error("a shape has too many members");
    }

    std::span<json_member const> members;
};

template <class T>
void* as_new(T& value)
{
    value = T();
    return &value;
}

template <class T>
void* as_new(std::optional<T>& value)
{
    return &value.emplace();
}

template <class T>
void* as_new(std::vector<T>& value)
{
    value.clear();
    return &value;
}

/// `Object` may be derived from the class of `Member`.
template <class Object, auto Member>
void* kept_in(void* object)
{
    return as_new(static_cast<Object*>(object)->*Member);
}

template <class T>
void* add_to(void* list)
{
    return &static_cast<std::vector<T>*>(list)->emplace_back();
}

template <class T>
void drop_from(void* list)
{
    static_cast<std::vector<T>*>(list)->pop_back();
}

/// The members for `json_type::keyed`.
inline constexpr json_member key_members[] = {
    {"key", json_type::text, false, [](void* object) { return as_new(*static_cast<std::string*>(object)); }},
};
inline constexpr json_schema key_shape{key_members};

/// Makes the members of `Object`.
template <class Object>
struct json_members
{
    template <auto Member>
    static constexpr typed_member<Member> required(std::string_view name, json_type type) noexcept
    {
        return {{name, type, true, kept_in<Object, Member>}};
    }

    template <auto Member>
    static constexpr typed_member<Member> optional(std::string_view name, json_type type) noexcept
    {
        return {{name, type, false, kept_in<Object, Member>}};
    }

    template <auto Member>
    static constexpr typed_member<Member> required(std::string_view name, json_schema const& shape) noexcept
    {
        return {{name, json_type::object, true, kept_in<Object, Member>, &shape}};
    }

    template <auto Member>
    static constexpr typed_member<Member> optional(std::string_view name, json_schema const& shape) noexcept
    {
        return {{name, json_type::object, false, kept_in<Object, Member>, &shape}};
    }

    template <auto Member>
    static constexpr typed_member<Member> keyed(std::string_view name) noexcept
    {
        return {{name, json_type::keyed, false, kept_in<Object, Member>, &key_shape}};
    }

    /// A list with elements of type `T`.
    template <auto Member, class T>
    static constexpr typed_member<Member> list(std::string_view name, json_schema const& shape) noexcept
    {
        return {{name, json_type::list, false, kept_in<Object, Member>, &shape, add_to<T>, drop_from<T>}};
    }
};

/// Returns the type-erased members for the parser.
template <class... Member>
constexpr std::array<json_member, sizeof...(Member)> erased(std::tuple<Member...> const& all) noexcept
{
    return std::apply([](auto const&... m) { return std::array<json_member, sizeof...(Member)>{m...}; }, all);
}

}}} // namespace practicus::v1::detail
