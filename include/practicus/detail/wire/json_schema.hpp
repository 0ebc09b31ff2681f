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

/// What a member of a JSON object is kept in, and which values it takes. A value that it does not take leaves
/// a member empty that is not required; otherwise see `shape_handler`.
enum class json_type
{
    text,        ///< `std::string`: a text, or a number as its text
    description, ///< `std::string`: a text, or any other value as its JSON text
    secret,      ///< `wire_text`: a text that is wiped; another value fails the answer
    integer,     ///< `std::int64_t`: a whole number of 64 bits, or a text that is one
    flag,        ///< `bool`: any value; true if it is neither zero nor empty, as Python has it
    object,      ///< a type with a shape
    keyed,       ///< `std::string`: a text, or the member `key` of an object
    list         ///< `std::vector` of a type with a shape
};

struct json_schema;

/// A member that is read, and where it goes. Types are erased: one parser serves all shapes.
struct json_member
{
    std::string_view name;
    json_type type;
    /// It must be there, and not be null.
    bool required = false;
    /// What `object` keeps it in, as new.
    void* (*in)(void* object) = nullptr;
    /// Of the object, or of the list's elements.
    json_schema const* shape = nullptr;
    /// Adds an element to a list.
    void* (*add)(void* list) = nullptr;
    /// Takes the last one away.
    void (*drop)(void* list) = nullptr;
};

/// A member with its pointer: a column of a list, too.
template <auto Member>
struct typed_member : json_member
{
    static constexpr auto value = Member;
};

/// The members that are read of an object; others are skipped.
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

/// `Object` may be a class that `Member` is inherited from.
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

/// Of `json_type::keyed`.
inline constexpr json_member key_members[] = {
    {"key", json_type::text, false, [](void* object) { return as_new(*static_cast<std::string*>(object)); }},
};
inline constexpr json_schema key_shape{key_members};

/// For the members of `Object`.
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

    /// A list of `T`.
    template <auto Member, class T>
    static constexpr typed_member<Member> list(std::string_view name, json_schema const& shape) noexcept
    {
        return {{name, json_type::list, false, kept_in<Object, Member>, &shape, add_to<T>, drop_from<T>}};
    }
};

/// What the parser needs of typed members.
template <class... Member>
constexpr std::array<json_member, sizeof...(Member)> erased(std::tuple<Member...> const& all) noexcept
{
    return std::apply([](auto const&... m) { return std::array<json_member, sizeof...(Member)>{m...}; }, all);
}

}}} // namespace practicus::v1::detail
