// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/wire/json_schema.hpp>
#include <practicus/detail/wire/json_value.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/shape_position.hpp>

#include <boost/json/kind.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// List elements that were left out of the result.
struct left_out_entries
{
    std::size_t count = 0;
    /// The index in the outermost list of the first one, or of the element that contains it; and the reason.
    std::size_t index = 0;
    std::string reason;
};

/// Stores the events of Boost.JSON's parser directly in an object, or in a list of objects, as described by a
/// schema. No tree of values is built. Of duplicate members, the last that is not null counts.
///
/// A mismatched value of an optional member counts as missing. For a required member, the innermost list
/// element around it is left out. Without such an element the response is an error.
class shape_handler : private shape_position
{
public:
    using error_code = boost::system::error_code;
    using text = json::string_view;

    // The size of the whole body is limited instead.
    static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
    static constexpr std::size_t max_array_size = max_object_size;
    static constexpr std::size_t max_key_size = max_object_size;
    static constexpr std::size_t max_string_size = max_object_size;

    /// `root` is an object or a list, stored in `target`. If `strict`, the response fails where an element
    /// would be left out.
    shape_handler(json_member const& root, void* target, bool strict) noexcept
        : shape_position(root), target_(target), strict_(strict)
    {}

    /// Returns the reason for stopping the parser; empty if it was not stopped.
    std::string const& error_text() const noexcept { return error_text_; }
    left_out_entries const& left_out() const noexcept { return left_out_; }

    void restart() noexcept
    {
        depth_ = skipped_ = 0;
        in_text_ = false;
        place_ = nullptr;
        kept_ = nullptr;
        error_text_.clear();
        left_out_ = {};
    }

    bool on_document_begin(error_code&) noexcept { return true; }
    bool on_document_end(error_code&) noexcept { return true; }

    bool on_array_begin(error_code& code)
    {
        if (is_skipped()) return skip_begin('[');
        if (expected() != json_type::list) return odd_begin(json::kind::array, code);
        auto const& what = depth_ == 0 ? root_ : *top().member;
        push({what, depth_ == 0 ? target_ : what.in(top().target), true});
        return true;
    }

    bool on_array_end(std::size_t size, error_code& code)
    {
        if (skipped_ != 0) return skip_end(json::kind::array, size, code);
        --depth_;
        return true;
    }

    bool on_object_begin(error_code& code)
    {
        if (is_skipped()) return skip_begin('{');
        if (expected() != json_type::object) return odd_begin(json::kind::object, code);
        if (depth_ == 0) {
            push({root_, target_, false});
        } else {
            auto const& outer = top();
            auto const& what = outer.is_list ? *outer.what : *outer.member;
            push({what, outer.is_list ? what.add(outer.target) : what.in(outer.target), false});
        }
        return true;
    }

    bool on_object_end(std::size_t size, error_code& code)
    {
        if (skipped_ != 0) return skip_end(json::kind::object, size, code);
        auto& done = top();
        for (auto const& m : done.what->shape->members)
            if (m.required && (done.seen & bit_of(done, m)) == 0) {
                done.member = &m;
                if (!leave_out("is missing", {}, code)) return false;
                if (skipped_ != 0) --skipped_; // its own end
                return true;
            }
        --depth_;
        if (depth_ != 0 && top().is_list) ++top().index;
        return true;
    }

    bool on_key_part(text part, std::size_t, error_code&)
    {
        if (skipped_ == 0) take_part(part);
        return kept_ == nullptr || keep_text(part);
    }

    // Here and below: g++ 12 does not inline this by itself, which costs a listing 6 % more instructions.
    [[gnu::always_inline]] bool on_key(text part, std::size_t, error_code&)
    {
        if (skipped_ != 0) return kept_ == nullptr || keep_text(part, "\":");
        find_member(in_text_ ? whole_key(part) : std::string_view(part.data(), part.size()));
        return true;
    }

    bool on_string_part(text part, std::size_t, error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep_text(part);
        return take_text(part, false, code);
    }

    bool on_string(text part, std::size_t, error_code& code)
    {
        bool const taken =
            is_skipped() ? kept_ == nullptr || keep_text(part, "\"") : take_text(part, true, code);
        in_text_ = false; // also if the first part caused the rest to be skipped
        return taken;
    }

    bool on_number_part(text, error_code&) noexcept { return true; }

    [[gnu::always_inline]] bool on_int64(std::int64_t number, text, error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep(std::to_string(number));
        switch (expected()) {
        case json_type::integer: *place<std::int64_t>() = number; return true;
        case json_type::text:
        case json_type::description: *place<std::string>() = std::to_string(number); return true;
        case json_type::flag: *place<bool>() = number != 0; return true;
        default: return odd(json::kind::int64, code);
        }
    }

    bool on_uint64(std::uint64_t number, text, error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep(std::to_string(number));
        if (is_text())
            *place<std::string>() = std::to_string(number);
        else if (expected() == json_type::flag)
            *place<bool>() = true;
        else
            return odd(json::kind::uint64, code);
        return true;
    }

    bool on_double(double number, text, error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep(number_text(number));
        auto const whole = whole_number(number);
        if (expected() == json_type::integer && whole)
            *place<std::int64_t>() = *whole;
        else if (is_text())
            *place<std::string>() = number_text(number);
        else if (expected() == json_type::flag)
            *place<bool>() = number != 0;
        else
            return odd(json::kind::double_, code);
        return true;
    }

    bool on_bool(bool flag, error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep(flag ? "true" : "false");
        if (expected() == json_type::flag)
            *place<bool>() = flag;
        else if (expected() == json_type::description)
            *place<std::string>() = flag ? "true" : "false";
        else
            return odd(json::kind::bool_, code);
        return true;
    }

    bool on_null(error_code& code)
    {
        if (is_skipped()) return kept_ == nullptr || keep("null");
        // Null counts as missing.
        if (depth_ == 0 || top().is_list || top().member->required)
            return leave_out(wanted(), json::kind::null, code);
        return true;
    }

    bool on_comment_part(text, error_code&) noexcept { return true; }
    bool on_comment(text, error_code&) noexcept { return true; }

private:
    bool is_skipped() noexcept { return skipped_ != 0 || is_unknown(); }

    /// Returns a key that arrived in parts.
    [[gnu::cold]] std::string_view whole_key(text last)
    {
        take_part(last);
        in_text_ = false;
        return part_;
    }

    void take_part(text part)
    {
        if (!std::exchange(in_text_, true)) part_.clear();
        // A longer key matches no member.
        if (part_.size() < max_key) part_.append(part.data(), part.size());
    }

    bool take_text(text part, bool last, error_code& code)
    {
        bool const first = !std::exchange(in_text_, true);
        switch (expected()) {
        case json_type::text:
        case json_type::keyed:
        case json_type::description:
            if (first) place_ = place<std::string>();
            static_cast<std::string*>(place_)->append(part.data(), part.size());
            return true;
        case json_type::secret:
            if (first) place_ = place<wire_text>();
            static_cast<wire_text*>(place_)->append({part.data(), part.size()});
            return true;
        case json_type::flag:
            if (first) place_ = place<bool>();
            *static_cast<bool*>(place_) |= !part.empty();
            return true;
        case json_type::integer:
            in_text_ = !first;
            take_part(part);
            return !last || take_number(code);
        case json_type::list:
            // An empty string counts as an empty list.
            return (part.empty() && depth_ != 0) || odd(json::kind::string, code);
        default:
            // In a list, the first part drops the element; its further parts still arrive.
            return !first || odd(json::kind::string, code);
        }
    }

    /// Stores a text that is an integer.
    [[gnu::cold]] bool take_number(error_code& code)
    {
        std::int64_t number = 0;
        auto const* const end = part_.data() + part_.size();
        auto const [used, failed] = std::from_chars(part_.data(), end, number);
        // A longer text may have been truncated.
        if (failed != std::errc() || used != end || part_.size() >= max_key)
            return odd(json::kind::string, code);
        *place<std::int64_t>() = number;
        return true;
    }

    // Mismatched values.

    [[gnu::cold]] bool odd(json::kind kind, error_code& code)
    {
        if (depth_ == 0 || top().is_list || top().member->required || expected() == json_type::secret)
            return leave_out(wanted(), kind, code);
        // The list is emptied, which must be reported.
        if (expected() == json_type::list && !note(wanted(), kind, code)) return false;
        top().member = nullptr; // skips the rest of the value
        return true;
    }

    [[gnu::cold]] bool odd_begin(json::kind kind, error_code& code)
    {
        if (kind == json::kind::object && expected() == json_type::keyed) {
            push({*top().member, place<std::string>(), false});
            return true;
        }
        if (expected() == json_type::description)
            kept_ = place<std::string>();
        else if (!is_judged_at_end(kind) && !odd(kind, code))
            return false;
        return skip_begin(kind == json::kind::array ? '[' : '{');
    }

    /// Returns true if the size of a skipped object or array determines the member's value.
    bool is_judged_at_end(json::kind kind) noexcept
    {
        if (depth_ == 0 || top().is_list || is_unknown()) return false;
        auto const type = top().member->type;
        return type == json_type::flag || (type == json_type::list && kind == json::kind::object);
    }

    /// Leaves out the list element that contains the current position. `why` describes that position.
    [[gnu::cold]] bool leave_out(std::string_view why, std::optional<json::kind> kind, error_code& code)
    {
        auto list = depth_;
        while (list != 0 && !frames_[list - 1].is_list)
            --list;
        if (list == 0) return fail(why, kind, code);
        if (!note(why, kind, code)) return false;
        auto& f = frames_[list - 1];
        if (depth_ != list) f.what->drop(f.target);
        ++f.index;
        skipped_ = depth_ - list;
        depth_ = list;
        return true;
    }

    bool note(std::string_view why, std::optional<json::kind> kind, error_code& code)
    {
        if (strict_) return fail(why, kind, code);
        if (left_out_.count++ != 0) return true;
        left_out_.index = frames_[0].index;
        left_out_.reason = json_complaint(path(), why, kind);
        return true;
    }

    // Skipped values. The value of a `description` is stored as JSON text.

    bool skip_begin(char bracket)
    {
        ++skipped_;
        if (kept_ != nullptr) keep({&bracket, 1});
        return true;
    }

    bool skip_end(json::kind kind, std::size_t size, error_code& code)
    {
        if (kept_ != nullptr) *kept_ += kind == json::kind::array ? ']' : '}';
        if (--skipped_ != 0) return true;
        kept_ = nullptr;
        if (!is_judged_at_end(kind)) return true;
        if (expected() == json_type::list) return size == 0 || odd(kind, code); // `{}` is an empty list
        *place<bool>() = size != 0;
        return true;
    }

    [[gnu::cold]] bool keep_text(text part, std::string_view end = {})
    {
        if (!std::exchange(in_text_, end.empty())) keep("\"");
        append_json_letters(*kept_, {part.data(), part.size()});
        kept_->append(end);
        return true;
    }

    /// Appends a value to the JSON text, after a comma if another value precedes it.
    [[gnu::cold]] bool keep(std::string_view value)
    {
        if (!kept_->empty() && std::string_view("[{:").find(kept_->back()) == std::string_view::npos)
            *kept_ += ',';
        kept_->append(value);
        return true;
    }

    bool fail(std::string_view why, std::optional<json::kind> kind, error_code& code)
    {
        error_text_ = json_complaint(path(), why, kind);
        code = make_error_code(boost::system::errc::operation_canceled);
        return false;
    }

    static constexpr std::size_t max_key = 64;

    void* target_;
    bool const strict_;
    // The number of open arrays and objects that are skipped.
    std::size_t skipped_ = 0;
    // A key or a string arrives in parts. (Boost.JSON 1.86 to 1.91 do not always report its size so far
    // correctly.)
    bool in_text_ = false;
    /// The parts of a key, or of a number in a string.
    std::string part_;
    /// The target of the current string.
    void* place_ = nullptr;
    /// The target for the JSON text of a skipped value, or null.
    std::string* kept_ = nullptr;
    left_out_entries left_out_;
    std::string error_text_;
};

}}} // namespace practicus::v1::detail
