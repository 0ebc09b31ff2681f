// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/config.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/wipe.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace practicus::inline v1::detail {

/// One section of an INI file. Keys are in lower case, in the file's order; the values may be secrets.
class ini_section
{
public:
    explicit ini_section(std::string section_name) : name(std::move(section_name)) {}

    std::string name;

    std::vector<std::pair<std::string, secret>> const& values() const noexcept { return values_; }

    /// Empty if there is none.
    std::string value(std::string_view key) const
    {
        for (auto const& v : values_)
            if (v.first == key) return std::string(v.second.reveal());
        return {};
    }

    void set(std::string_view key, std::string text)
    {
        for (auto& v : values_) {
            if (v.first != key) continue;
            v.second = secret::take(std::move(text));
            return;
        }
        values_.emplace_back(key, secret::take(std::move(text)));
    }

    void erase(std::string_view key)
    {
        std::erase_if(values_, [&](auto const& v) { return v.first == key; });
    }

private:
    std::vector<std::pair<std::string, secret>> values_;
};

/// An INI file that Python's configparser reads and writes as well; comments are not kept (it keeps none
/// either). Thread safety: as a `std::string`.
class ini_file
{
public:
    /// Reads the file; one that is not there counts as empty. Throws `errc::file_error`, also for what the
    /// two parsers would read otherwise: it would be written back as something else.
    explicit ini_file(std::string path) : path_(std::move(path))
    {
        posix_file const from(path_, std::nothrow, O_RDONLY);
        if (!from.is_open() && (errno == ENOENT || errno == ENOTDIR)) return;
        if (!from.is_open()) throw_file_error(path_, "can not be read");
        auto const size = static_cast<std::size_t>(from.status().st_size);
        if (size > largest) throw error(errc::file_error, "'" + path_ + "' is too large");
        wiped_text text{from.read(size)};
        read(text.value);
    }

    std::string const& path() const noexcept { return path_; }

    std::vector<ini_section>& sections() noexcept { return sections_; }
    std::vector<ini_section> const& sections() const noexcept { return sections_; }

    /// Empty if there is none.
    std::string value(std::string_view section, std::string_view key) const
    {
        for (auto const& s : sections_)
            if (s.name == section) return s.value(key);
        return {};
    }

    /// The section of that name, a new one if there is none.
    ini_section& section(std::string_view name)
    {
        for (auto& s : sections_)
            if (s.name == name) return s;
        return sections_.emplace_back(std::string(name));
    }

    /// Writes the file with mode 0600, whole or not at all, through a link if it is one. Throws
    /// `errc::file_error`.
    void save() const
    {
        wiped_text text;
        // A text that grows leaves a copy behind.
        std::size_t size = 0;
        for (auto const& s : sections_) {
            size += s.name.size() + 4;
            for (auto const& [key, leaf] : s.values())
                size += key.size() + leaf.reveal().size() + 4;
        }
        text.value.reserve(size);
        for (auto const& s : sections_) {
            text.value.append("[").append(s.name).append("]\n");
            for (auto const& [key, leaf] : s.values())
                text.value.append(key).append(" = ").append(leaf.reveal()).append("\n");
            text.value += '\n';
        }
        replace_file(behind_links(path_), text.value, durability::machine);
    }

private:
    static constexpr std::size_t largest = 1 << 20;

    struct wiped_text
    {
        std::string value;
        ~wiped_text() { wipe(value.data(), value.size()); }
    };

    void read(std::string& text);

    /// The sections' names.
    std::vector<std::string> check(std::string_view text) const
    {
        std::vector<std::string> names;
        std::size_t number = 0;
        while (!text.empty()) {
            auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            ++number;
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
                line.remove_suffix(1);
            if (line.empty() || line.front() == '#' || line.front() == ';') continue;
            if (line.front() == ' ' || line.front() == '\t') refuse(number, "it begins with a space");
            if (line.front() == '[') {
                auto const name = line.substr(1, line.size() - 2);
                if (line.back() != ']' || name.empty() || name.find(']') != name.npos ||
                    name.front() == ' ' || name.back() == ' ' || name == "DEFAULT")
                    refuse(number, "it is no section's name as the SDK writes them");
                names.emplace_back(name);
            } else {
                if (names.empty()) refuse(number, "it stands in no section");
                auto const end = line.find_first_of("=:");
                if (end == line.npos || line[end] == ':') refuse(number, "it is not 'key = value'");
            }
        }
        return names;
    }

    [[noreturn]] void refuse(std::size_t line, char const* why) const
    {
        throw error(errc::file_error, "'" + path_ + "' can not be understood, line " + std::to_string(line) +
                                          ": " + why + "; mend the line");
    }

    /// A link stays one, also if there is nothing behind it yet.
    static std::string behind_links(std::filesystem::path path)
    {
        constexpr int most = 40;
        std::error_code none;
        for (int i = 0; i != most && std::filesystem::is_symlink(path, none); ++i)
            path = path.parent_path() / std::filesystem::read_symlink(path, none);
        return path.string();
    }

    std::string path_;
    std::vector<ini_section> sections_;
};

} // namespace practicus::inline v1::detail

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/ini_file.ipp>
#endif
