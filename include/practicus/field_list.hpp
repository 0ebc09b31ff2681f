// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 {

/// The header fields of a response: a range of pairs of name and value, in the order of the response, names
/// as sent. Untrusted. The views live as long as the list.
class field_list
{
public:
    /// A name and a value.
    using value_type = std::pair<std::string_view, std::string_view>;

    /// A position in the list.
    class iterator
    {
    public:
        /// As `field_list::value_type`.
        using value_type = field_list::value_type;
        /// The type of a distance.
        using difference_type = std::ptrdiff_t;
        /// A field is returned by value.
        using reference = value_type;
        /// There is no pointer to a field.
        using pointer = void;
        /// Fields are read in their order.
        using iterator_category = std::input_iterator_tag;

        iterator() = default;
        /// For `field_list`.
        explicit iterator(std::string_view rest) noexcept : rest_(rest) {}

        /// Returns the field.
        value_type operator*() const noexcept
        {
            auto const line = rest_.substr(0, rest_.find('\n'));
            auto const colon = line.find(':');
            return {line.substr(0, colon), line.substr(colon + 1)};
        }
        /// Goes to the next field.
        iterator& operator++() noexcept
        {
            rest_.remove_prefix(rest_.find('\n') + 1);
            return *this;
        }
        /// Goes to the next field, and returns the previous position.
        iterator operator++(int) noexcept
        {
            auto const before = *this;
            ++*this;
            return before;
        }
        friend bool operator==(iterator const& a, iterator const& b) noexcept
        {
            return a.rest_.size() == b.rest_.size();
        }

    private:
        std::string_view rest_;
    };

    /// Adds a field at the end. The name is a token; the value holds no line end.
    void add(std::string_view name, std::string_view value)
    {
        text_.append(name).append(":").append(value).append("\n");
    }

    /// Returns the value of the first field with this name in any case, or an empty text.
    std::string_view operator[](std::string_view name) const noexcept
    {
        for (auto const& [known, value] : *this)
            if (detail::equals_ignoring_case(known, name)) return value;
        return {};
    }

    /// Returns true if there is no field.
    bool empty() const noexcept { return text_.empty(); }
    /// Returns the first field.
    iterator begin() const noexcept { return iterator(text_); }
    /// Returns the end.
    iterator end() const noexcept { return iterator(); }

private:
    std::string text_;
};

}} // namespace practicus::v1
