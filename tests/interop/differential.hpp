// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

/// Shared code of programs that read generated texts. A script compares them with another reader.
namespace differential {

inline std::string hex(std::string_view text)
{
    std::string out;
    for (unsigned char const c : text)
        (out += "0123456789abcdef"[c >> 4]) += "0123456789abcdef"[c & 15];
    return out + '.';
}

/// The `main` of a program with a folder as its argument: `act(path, N)` for each file `N` + `extension` in
/// it, from 0 on. Prints how many there are.
template <class F>
int for_each_file(int argc, char** argv, std::string const& extension, F act)
{
    if (argc != 2) return 2;
    std::filesystem::path const folder(argv[1]);
    std::size_t count = 0;
    for (auto name = folder / ("0" + extension); std::filesystem::exists(name);
         name = folder / (std::to_string(++count) + extension))
        act(name, count);
    std::cout << count << '\n';
    return 0;
}

} // namespace differential
