// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace practicus::inline v1::detail {

/// What a member of a JSON object must be, and so what it is kept in.
enum class json_type
{
    text,           ///< `std::string`
    secret,         ///< `wire_text`: a text that is wiped
    text_or_number, ///< `std::string`: a number as its text
    integer,        ///< `std::int64_t`
    flag,           ///< `bool`
    flag_or_text,   ///< `bool`: a text is true if it is not empty
    object,         ///< a type with a shape
    list            ///< `std::vector` of a type with a shape
};

struct json_shape;

/// A member that is read, and where it goes. Types are erased: one parser serves all shapes.
struct json_member
{
    std::string_view key;
    json_type type;
    /// It must be there, and not be null.
    bool required = false;
    /// What `object` keeps it in, as new.
    void* (*in)(void* object) = nullptr;
    /// Of the object, or of the list's elements.
    json_shape const* shape = nullptr;
    /// Adds an element to a list.
    void* (*add)(void* list) = nullptr;
};

/// The members that are read of an object; others are skipped.
struct json_shape
{
    static constexpr std::size_t most = 32;

    constexpr explicit json_shape(std::span<json_member const> all) : members(all)
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

/// For the members of `Object`.
template <class Object>
struct json_members
{
    template <auto Member>
    static constexpr json_member must(std::string_view key, json_type type) noexcept
    {
        return {key, type, true, kept_in<Object, Member>};
    }

    template <auto Member>
    static constexpr json_member may(std::string_view key, json_type type) noexcept
    {
        return {key, type, false, kept_in<Object, Member>};
    }

    template <auto Member>
    static constexpr json_member must(std::string_view key, json_shape const& shape) noexcept
    {
        return {key, json_type::object, true, kept_in<Object, Member>, &shape};
    }

    template <auto Member>
    static constexpr json_member may(std::string_view key, json_shape const& shape) noexcept
    {
        return {key, json_type::object, false, kept_in<Object, Member>, &shape};
    }

    /// A list of `T`.
    template <auto Member, class T>
    static constexpr json_member list(std::string_view key, json_shape const& shape) noexcept
    {
        return {key, json_type::list, false, kept_in<Object, Member>, &shape, add_to<T>};
    }
};

} // namespace practicus::inline v1::detail
