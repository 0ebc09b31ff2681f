// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/json_schema.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// The position of a parser in a JSON text and in its schema, and the objects that are filled there.
class shape_position
{
protected:
    /// An open list or object.
    struct frame
    {
        frame() = default;
        frame(json_member const& m, void* to, bool list) noexcept : what(&m), target(to), is_list(list) {}

        json_member const* what = nullptr;
        void* target = nullptr;
        bool is_list = false;
        /// List: the number of elements before.
        std::size_t index = 0;
        /// Object: the member being read, or null if the schema has none of this name.
        json_member const* member = nullptr;
        /// Object: the members seen, as a bit set.
        std::uint32_t seen = 0;
    };

    /// The maximum nesting of schemas.
    static constexpr std::size_t max_depth = 8;

    frame& top() noexcept { return frames_[depth_ - 1]; }

    void push(frame f) { frames_.at(depth_++) = f; }

    static std::uint32_t bit_of(frame const& f, json_member const& m) noexcept
    {
        return 1U << (&m - f.what->shape->members.data());
    }

    explicit shape_position(json_member const& root) noexcept : root_(root) {}

    /// Returns true within a member that the schema does not have.
    bool is_unknown() noexcept { return depth_ != 0 && !top().is_list && top().member == nullptr; }

    json_type expected() noexcept
    {
        if (depth_ == 0) return root_.type;
        return top().is_list ? json_type::object : top().member->type;
    }

    /// Returns true if the member accepts numbers as text.
    bool is_text() noexcept { return expected() == json_type::text || expected() == json_type::description; }

    template <class T>
    T* place()
    {
        return static_cast<T*>(top().member->in(top().target));
    }

    void find_member(std::string_view key) noexcept
    {
        auto& f = top();
        auto const members = f.what->shape->members;
        // Members usually arrive in declaration order: start with the next one.
        auto i = f.member != nullptr ? static_cast<std::size_t>(f.member - members.data()) + 1 : 0;
        for (std::size_t n = 0; n != members.size(); ++n, ++i) {
            if (i >= members.size()) i = 0;
            if (members[i].name != key) continue;
            f.member = &members[i];
            f.seen |= 1U << i;
            return;
        }
        f.member = nullptr;
    }

    std::string path() const
    {
        std::string result;
        for (std::size_t i = 0; i != depth_; ++i) {
            auto const& f = frames_[i];
            if (f.is_list)
                result += '[' + std::to_string(f.index) + ']';
            else if (f.member != nullptr)
                result.append(result.empty() ? "" : ".").append(f.member->name);
        }
        return result;
    }

    /// Returns the mismatch with the expected type.
    std::string_view wanted()
    {
        switch (expected()) {
        case json_type::text: return "is neither a string nor a number";
        case json_type::secret: return "is not a string";
        case json_type::integer: return "is not a whole number of 64 bits";
        case json_type::list: return "is not an array";
        default: return "is not an object";
        }
    }

    json_member const root_;
    std::array<frame, max_depth> frames_;
    std::size_t depth_ = 0;
};

}}} // namespace practicus::v1::detail
