// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// ini_differential FOLDER: reads each FOLDER/N.conf, from 0 on, and writes FOLDER/N.ours: `refused`, or what
// was read, as hexadecimal digits, one value a line. What was read is saved as FOLDER/N.saved.

#include "differential.hpp"

#include <practicus/detail/base/ini_file.hpp>
#include <practicus/error.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>

namespace {

using namespace practicus::detail;

using differential::hex;

std::string cooked(ini_text const& text, ini_section const& s, std::string const& key)
{
    try {
        return hex(text.value(s, key));
    } catch (practicus::error const&) {
        return "refused";
    }
}

void describe(std::ostream& out, ini_text const& text)
{
    auto const section = [&](ini_section const& s) {
        out << '[' << hex(s.name) << '\n';
        for (auto const& [key, value] : s.values())
            out << hex(key) << ' ' << hex(value.reveal()) << ' ' << cooked(text, s, key) << '\n';
    };
    section(text.defaults());
    for (auto const& s : text.sections())
        section(s);
}

void read_and_save(std::filesystem::path const& from, std::size_t)
{
    auto const beside = [&](char const* extension) {
        return std::filesystem::path(from).replace_extension(extension);
    };
    std::ofstream ours(beside("ours"));
    try {
        ini_file const file(from.string());
        describe(ours, file);
        std::ofstream(beside("saved"), std::ios::binary) << file.write().reveal();
    } catch (practicus::error const&) {
        ours << "refused\n";
    }
}

} // namespace

int main(int argc, char** argv)
{
    return differential::for_each_file(argc, argv, ".conf", read_and_save);
}
