// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// White space of Python's `str.strip`.
constexpr bool is_python_space(char32_t c) noexcept
{
    constexpr std::array<code_point_range, 10> ranges{{{0x09, 0x0d},
                                                       {0x1c, 0x20},
                                                       {0x85, 0x85},
                                                       {0xa0, 0xa0},
                                                       {0x1680, 0x1680},
                                                       {0x2000, 0x200a},
                                                       {0x2028, 0x2029},
                                                       {0x202f, 0x202f},
                                                       {0x205f, 0x205f},
                                                       {0x3000, 0x3000}}};
    return is_in(ranges, c);
}

/// A text without white space at its ends, and the number of characters removed before it.
struct stripped_text
{
    std::string_view text;
    std::size_t indent = 0;
};

inline stripped_text python_stripped(std::string_view text) noexcept
{
    auto const* const begin = text.data();
    std::size_t first = text.size(), end = 0, indent = 0;
    for (auto rest = text; !rest.empty();) {
        auto const c = next_code_point(rest);
        bool const is_before = end == 0;
        if (is_python_space(c.value)) {
            indent += is_before;
            continue;
        }
        if (is_before) first = static_cast<std::size_t>(c.bytes.data() - begin);
        end = static_cast<std::size_t>(rest.data() - begin);
    }
    return {end == 0 ? std::string_view() : text.substr(first, end - first), indent};
}

inline bool is_utf8(std::string_view text) noexcept
{
    while (!text.empty())
        if (auto const c = next_code_point(text); c.value == replacement_character && c.bytes.size() == 1)
            return false;
    return true;
}

/// One section of an INI text. Keys are in lower case (ASCII) and in the order of the text. Values are raw
/// (`%%` for `%`) and may be secrets.
class ini_section
{
public:
    explicit ini_section(std::string section_name) : name(std::move(section_name)) {}

    std::string name;

    std::vector<std::pair<std::string, secret>> const& values() const noexcept { return values_; }

    /// Returns the raw value, or null.
    secret const* raw(std::string_view key) const noexcept
    {
        for (auto const& v : values_)
            if (v.first == key) return &v.second;
        return nullptr;
    }

    /// Sets a value, escaping `%`.
    void set(std::string_view key, std::string_view text)
    {
        std::string escaped;
        escaped.reserve(text.size() + static_cast<std::size_t>(std::count(text.begin(), text.end(), '%')));
        for (char const c : text)
            escaped.append(c == '%' ? 2 : 1, c);
        set_raw(key, secret::take(std::move(escaped)));
    }

    void erase(std::string_view key)
    {
        std::erase_if(values_, [&](auto const& v) { return v.first == key; });
    }

    /// Does not check for duplicates.
    void append_raw(std::string key, secret value) { values_.emplace_back(std::move(key), std::move(value)); }

private:
    void set_raw(std::string_view key, secret value)
    {
        for (auto& v : values_) {
            if (v.first != key) continue;
            v.second = std::move(value);
            return;
        }
        values_.emplace_back(key, std::move(value));
    }

    std::vector<std::pair<std::string, secret>> values_;
};

/// An INI text with the semantics of Python's `configparser.ConfigParser()`, which the vendor's SDK uses.
/// Supported are `=` and `:`, continued lines, the section `DEFAULT` and `%(key)s`. Sections and keys must be
/// unique. Comments are not kept, as in Python. One difference: only ASCII letters of keys are converted to
/// lower case.
///
/// Thread safety: as a `std::string`.
class ini_text
{
public:
    static constexpr std::string_view default_section = "DEFAULT";

    std::vector<ini_section>& sections() noexcept { return sections_; }
    std::vector<ini_section> const& sections() const noexcept { return sections_; }

    /// The defaults of all sections.
    ini_section& defaults() noexcept { return defaults_; }
    ini_section const& defaults() const noexcept { return defaults_; }

    /// Returns the section, or null.
    ini_section const* find(std::string_view name) const noexcept
    {
        for (auto const& s : sections_)
            if (s.name == name) return &s;
        return nullptr;
    }

    /// Returns the section, created if necessary.
    ini_section& section(std::string_view name)
    {
        for (auto& s : sections_)
            if (s.name == name) return s;
        return sections_.emplace_back(std::string(name));
    }

    /// Returns the raw value of the section or the defaults, or null.
    secret const* raw(ini_section const& s, std::string_view key) const noexcept
    {
        auto const* own = s.raw(key);
        return own != nullptr ? own : defaults_.raw(key);
    }

    /// Returns the value with every `%` expanded; empty if there is none. Throws `errc::file_error` for a
    /// value that Python rejects.
    std::string value(ini_section const& s, std::string_view key) const
    {
        auto const* written = raw(s, key);
        if (written == nullptr) return {};
        expansion e{*this, s, key};
        e.append(written->reveal(), 1);
        return std::move(e.result);
    }

    /// Looks the section up by its name.
    std::string value(std::string_view section, std::string_view key) const
    {
        auto const* s = find(section);
        return s != nullptr ? value(*s, key) : std::string();
    }

    /// Returns the whole text.
    secret write() const
    {
        std::string out;
        // Sized in advance: a growing text would leave a copy of secrets in freed memory.
        std::size_t size = 0;
        auto const count = [&](std::string_view piece) { size += piece.size(); };
        auto const append = [&](std::string_view piece) { out += piece; };
        write_pieces(count);
        out.reserve(size);
        write_pieces(append);
        return secret::take(std::move(out));
    }

private:
    /// The expansion of one value.
    struct expansion
    {
        static constexpr int deepest = 10;
        static constexpr std::size_t longest = 1 << 20;
        static constexpr int most_steps = 10'000;

        ini_text const& text;
        ini_section const& section;
        std::string_view key;
        std::string result{};
        int steps = 0;

        void append(std::string_view rest, int depth)
        {
            if (depth > deepest) refuse("its %(...)s lead to one another");
            while (!rest.empty()) {
                auto const plain = std::min(rest.find('%'), rest.size());
                result.append(rest.substr(0, plain));
                rest.remove_prefix(plain);
                if (++steps > most_steps || result.size() > longest) refuse("it becomes too long");
                if (rest.starts_with("%%")) {
                    result += '%';
                    rest.remove_prefix(2);
                } else if (!rest.empty()) {
                    rest.remove_prefix(append_other(rest, depth));
                }
            }
        }

        /// Expands a `%(key)s` and returns its size.
        std::size_t append_other(std::string_view rest, int depth)
        {
            auto const end = rest.find(')');
            if (!rest.starts_with("%(") || end == rest.npos || end == 2 ||
                !rest.substr(end).starts_with(")s"))
                refuse("a % stands alone; write %%");
            std::string name(rest.substr(2, end - 2));
            std::transform(name.begin(), name.end(), name.begin(), to_lower);
            auto const* const other = text.raw(section, name);
            if (other == nullptr) refuse("a %(...)s names a key that is not there");
            append(other->reveal(), depth + 1);
            return end + 2;
        }

        [[noreturn]] void refuse(char const* why) const
        {
            throw error(errc::file_error, "the value of '" + std::string(key) + "' in section '" +
                                              one_line(section.name) + "' cannot be understood: " + why);
        }
    };

    template <class F>
    void write_pieces(F& piece) const
    {
        if (!defaults_.values().empty()) write_section(piece, defaults_);
        for (auto const& s : sections_)
            write_section(piece, s);
    }

    template <class F>
    static void write_section(F& piece, ini_section const& s)
    {
        for (auto const text : {std::string_view("["), std::string_view(s.name), std::string_view("]\n")})
            piece(text);
        for (auto const& [key, value] : s.values()) {
            piece(key);
            piece(" = ");
            for (auto rest = value.reveal(); !rest.empty();) {
                auto const line = std::min(rest.find('\n'), rest.size());
                piece(rest.substr(0, line));
                if (line != rest.size()) piece("\n\t");
                rest.remove_prefix(std::min(line + 1, rest.size()));
            }
            piece("\n");
        }
        piece("\n");
    }

    ini_section defaults_{std::string(default_section)};
    std::vector<ini_section> sections_;
};

/// Parses a text line by line, as `_read` of Python's configparser does.
class ini_parser
{
public:
    /// Throws `errc::file_error` with the line number for text that Python rejects. `name` is the file's
    /// name.
    static ini_text read(std::string_view text, std::string const& name)
    {
        ini_parser p(name);
        if (text.starts_with("\xef\xbb\xbf")) p.refuse("it begins with a byte order mark");
        while (!text.empty()) {
            auto const line = text.substr(0, text.find_first_of("\r\n"));
            text.remove_prefix(line.size());
            text.remove_prefix(text.starts_with("\r\n") ? 2 : text.empty() ? 0 : 1);
            p.read_line(line);
            ++p.number_;
        }
        p.end_option();
        return std::move(p.result_);
    }

private:
    explicit ini_parser(std::string const& name) : name_(name) {}

    void read_line(std::string_view line)
    {
        if (!is_utf8(line)) refuse("it is no UTF-8");
        auto const [text, indent] = python_stripped(line);
        if (text.starts_with('#') || text.starts_with(';')) return;
        if (text.empty()) {
            if (in_option_) lines_.push_back(text);
            return;
        }
        if (in_option_ && indent > indent_) {
            lines_.push_back(text);
            return;
        }
        end_option();
        indent_ = indent;
        auto const bracket = text.rfind(']');
        if (text.front() == '[' && bracket != text.npos && bracket > 1)
            begin_section(text.substr(1, bracket - 1));
        else
            begin_option(text);
    }

    void begin_section(std::string_view name)
    {
        keys_.clear();
        in_default_ = name == ini_text::default_section;
        in_section_ = true;
        if (in_default_) {
            for (auto const& v : result_.defaults().values())
                keys_.insert(v.first);
            return;
        }
        if (!names_.emplace(name).second) refuse("the section stands there twice");
        result_.sections().emplace_back(std::string(name));
    }

    void begin_option(std::string_view text)
    {
        if (!in_section_) refuse("it stands in no section");
        auto const end = text.find_first_of("=:");
        if (end == text.npos) refuse("it is not 'key = value'");
        key_ = python_stripped(text.substr(0, end)).text;
        if (key_.empty()) refuse("it has no key");
        std::transform(key_.begin(), key_.end(), key_.begin(), to_lower);
        if (!keys_.insert(key_).second) refuse("the key stands in its section twice");
        lines_.push_back(python_stripped(text.substr(end + 1)).text);
        in_option_ = true;
    }

    void end_option()
    {
        if (!in_option_) return;
        while (lines_.size() > 1 && lines_.back().empty())
            lines_.pop_back();
        std::size_t size = lines_.size();
        for (auto const& one : lines_)
            size += one.size();
        std::string value;
        value.reserve(size);
        for (auto const& one : lines_)
            value.append(&one == &lines_.front() ? "" : "\n").append(one);
        auto& to = in_default_ ? result_.defaults() : result_.sections().back();
        to.append_raw(std::move(key_), secret::take(std::move(value)));
        lines_.clear();
        in_option_ = false;
    }

    [[noreturn]] void refuse(char const* why) const
    {
        throw error(errc::file_error, "'" + name_ + "' cannot be understood, line " +
                                          std::to_string(number_) + ": " + why + "; mend the line");
    }

    std::string const& name_;
    std::size_t number_ = 1;
    ini_text result_;
    std::set<std::string, std::less<>> names_;
    /// The keys of the current section.
    std::set<std::string, std::less<>> keys_;
    bool in_section_ = false;
    bool in_default_ = false;
    /// The current key and the lines of its value so far.
    bool in_option_ = false;
    std::string key_;
    std::vector<std::string_view> lines_;
    std::size_t indent_ = 0;
};

}}} // namespace practicus::v1::detail
