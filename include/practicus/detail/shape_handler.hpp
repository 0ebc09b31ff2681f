// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/json_shape.hpp>
#include <practicus/detail/json_value.hpp>
#include <practicus/detail/message.hpp>

#include <boost/json/kind.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus::inline v1::detail {

/// The shortest text that is the same number.
inline std::string number_text(double number)
{
    std::array<char, 32> text;
    auto const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    return std::string(text.data(), end);
}

/// Puts what Boost.JSON's parser finds in an object, or in a list of them, where its shape says, without a
/// tree of values in between. Of a member that comes twice, the last counts that is not null.
class shape_handler
{
public:
    using error_code = boost::system::error_code;
    using text = json::string_view;

    // The body has a limit; its parts need none.
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    /// `root` is an object or a list, which is kept in `target`.
    shape_handler(json_member const& root, void* target) noexcept : root_(root), target_(target) {}

    /// Why this has stopped the parser; empty if it has not.
    std::string const& complaint() const noexcept { return complaint_; }

    void restart() noexcept
    {
        depth_ = skipped_ = 0;
        in_text_ = false;
        complaint_.clear();
    }

    bool on_document_begin(error_code&) noexcept { return true; }
    bool on_document_end(error_code&) noexcept { return true; }

    bool on_array_begin(error_code& code)
    {
        if (is_skipped()) return ++skipped_, true;
        if (expected() != json_type::list) return mismatch(json::kind::array, code);
        auto const& what = depth_ == 0 ? root_ : *top().member;
        push({what, depth_ == 0 ? target_ : what.in(top().target), true});
        return true;
    }

    bool on_array_end(std::size_t, error_code&) noexcept
    {
        if (skipped_ != 0) return --skipped_, true;
        --depth_;
        return true;
    }

    bool on_object_begin(error_code& code)
    {
        if (is_skipped()) return ++skipped_, true;
        if (expected() != json_type::object) return mismatch(json::kind::object, code);
        if (depth_ == 0) {
            push({root_, target_, false});
        } else {
            auto const& outer = top();
            auto const& what = outer.is_list ? *outer.what : *outer.member;
            push({what, outer.is_list ? what.add(outer.target) : what.in(outer.target), false});
        }
        return true;
    }

    bool on_object_end(std::size_t, error_code& code)
    {
        if (skipped_ != 0) return --skipped_, true;
        auto& done = top();
        for (auto const& m : done.what->shape->members)
            if (m.required && (done.seen & bit_of(done, m)) == 0) {
                done.member = &m;
                return fail("is missing", {}, code);
            }
        --depth_;
        if (depth_ != 0 && top().is_list) ++top().index;
        return true;
    }

    bool on_key_part(text part, std::size_t, error_code&)
    {
        if (skipped_ == 0) take_part(part);
        return true;
    }

    bool on_key(text part, std::size_t, error_code&)
    {
        if (skipped_ != 0) return true;
        if (in_text_) {
            take_part(part);
            find_member(part_);
        } else {
            find_member({part.data(), part.size()});
        }
        in_text_ = false;
        return true;
    }

    bool on_string_part(text part, std::size_t, error_code& code)
    {
        return is_skipped() || take_text(part, code);
    }

    bool on_string(text part, std::size_t, error_code& code)
    {
        if (is_skipped()) return true;
        bool const taken = take_text(part, code);
        in_text_ = false;
        return taken;
    }

    bool on_number_part(text, error_code&) noexcept { return true; }

    bool on_int64(std::int64_t number, text, error_code& code)
    {
        if (is_skipped()) return true;
        switch (expected()) {
        case json_type::integer: *place<std::int64_t>() = number; return true;
        case json_type::text_or_number: *place<std::string>() = std::to_string(number); return true;
        default: return mismatch(json::kind::int64, code);
        }
    }

    bool on_uint64(std::uint64_t number, text, error_code& code)
    {
        if (is_skipped()) return true;
        if (expected() != json_type::text_or_number) return mismatch(json::kind::uint64, code);
        *place<std::string>() = std::to_string(number);
        return true;
    }

    bool on_double(double number, text, error_code& code)
    {
        if (is_skipped()) return true;
        auto const whole = whole_number(number);
        if (expected() == json_type::integer && whole)
            *place<std::int64_t>() = *whole;
        else if (expected() == json_type::text_or_number)
            *place<std::string>() = number_text(number);
        else
            return mismatch(json::kind::double_, code);
        return true;
    }

    bool on_bool(bool flag, error_code& code)
    {
        if (is_skipped()) return true;
        if (expected() != json_type::flag && expected() != json_type::flag_or_text)
            return mismatch(json::kind::bool_, code);
        *place<bool>() = flag;
        return true;
    }

    bool on_null(error_code& code)
    {
        if (is_skipped()) return true;
        // It counts as missing.
        if (depth_ == 0 || top().is_list || top().member->required) return mismatch(json::kind::null, code);
        return true;
    }

    bool on_comment_part(text, error_code&) noexcept { return true; }
    bool on_comment(text, error_code&) noexcept { return true; }

private:
    /// A list or an object that has begun.
    struct frame
    {
        frame() = default;
        frame(json_member const& m, void* to, bool list) noexcept : what(&m), target(to), is_list(list) {}

        json_member const* what = nullptr;
        void* target = nullptr;
        bool is_list = false;
        /// Of a list: how many elements were before.
        std::size_t index = 0;
        /// Of an object: the one whose value is read, if its shape has it.
        json_member const* member = nullptr;
        /// Of an object: which of its members have come.
        std::uint32_t seen = 0;
    };

    /// Of shapes within each other.
    static constexpr std::size_t max_depth = 8;

    frame& top() noexcept { return frames_[depth_ - 1]; }

    void push(frame f) { frames_.at(depth_++) = f; }

    static std::uint32_t bit_of(frame const& f, json_member const& m) noexcept
    {
        return 1U << (&m - f.what->shape->members.data());
    }

    bool is_skipped() noexcept
    {
        return skipped_ != 0 || (depth_ != 0 && !top().is_list && top().member == nullptr);
    }

    json_type expected() noexcept
    {
        if (depth_ == 0) return root_.type;
        return top().is_list ? json_type::object : top().member->type;
    }

    template <class T>
    T* place()
    {
        return static_cast<T*>(top().member->in(top().target));
    }

    void find_member(std::string_view key) noexcept
    {
        auto& f = top();
        auto const members = f.what->shape->members;
        // They mostly come in one order: the one behind the last one first.
        auto i = f.member != nullptr ? static_cast<std::size_t>(f.member - members.data()) + 1 : 0;
        for (std::size_t n = 0; n != members.size(); ++n, ++i) {
            if (i >= members.size()) i = 0;
            if (members[i].key != key) continue;
            f.member = &members[i];
            f.seen |= 1U << i;
            return;
        }
        f.member = nullptr;
    }

    void take_part(text part)
    {
        if (!std::exchange(in_text_, true)) part_.clear();
        // Longer than any that is looked for.
        if (part_.size() < max_key) part_.append(part.data(), part.size());
    }

    bool take_text(text part, error_code& code)
    {
        bool const first = !std::exchange(in_text_, true);
        switch (expected()) {
        case json_type::text:
        case json_type::text_or_number:
            if (first) place_ = place<std::string>();
            static_cast<std::string*>(place_)->append(part.data(), part.size());
            return true;
        case json_type::secret:
            if (first) place_ = place<wire_text>();
            static_cast<wire_text*>(place_)->append({part.data(), part.size()});
            return true;
        case json_type::flag_or_text:
            if (first) place_ = place<bool>();
            if (!part.empty()) *static_cast<bool*>(place_) = true;
            return true;
        default: return mismatch(json::kind::string, code);
        }
    }

    std::string path() const
    {
        std::string result;
        for (std::size_t i = 0; i != depth_; ++i) {
            auto const& f = frames_[i];
            if (f.is_list)
                result += '[' + std::to_string(f.index) + ']';
            else if (f.member != nullptr)
                result.append(result.empty() ? "" : ".").append(f.member->key);
        }
        return result;
    }

    bool mismatch(json::kind kind, error_code& code)
    {
        bool const number = kind == json::kind::uint64 || kind == json::kind::double_;
        std::string_view why;
        switch (expected()) {
        case json_type::text:
        case json_type::secret: why = "is not a string"; break;
        case json_type::text_or_number: why = "is neither a string nor a number"; break;
        case json_type::integer:
            why = number ? "is not a whole number of 64 bits" : "is not a whole number";
            break;
        case json_type::flag:
        case json_type::flag_or_text: why = "is not true or false"; break;
        case json_type::object: why = "is not an object"; break;
        case json_type::list: why = "is not an array"; break;
        }
        return fail(why, kind, code);
    }

    bool fail(std::string_view why, std::optional<json::kind> kind, error_code& code)
    {
        complaint_ = json_complaint(path(), why, kind);
        code = make_error_code(boost::system::errc::operation_canceled);
        return false;
    }

    static constexpr std::size_t max_key = 64;

    json_member const root_;
    void* target_;
    std::array<frame, max_depth> frames_;
    std::size_t depth_ = 0;
    // How many arrays and objects have begun, and not ended, that nobody reads.
    std::size_t skipped_ = 0;
    // A key or a string has begun that comes in parts. (How long it is so far, Boost 1.86 to 1.91 do not
    // always say right.)
    bool in_text_ = false;
    /// Of the key.
    std::string part_;
    /// Where the string goes.
    void* place_ = nullptr;
    std::string complaint_;
};

} // namespace practicus::inline v1::detail
