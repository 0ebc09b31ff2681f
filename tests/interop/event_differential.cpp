// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// event_differential FOLDER: reads each FOLDER/N.stream, from 0 on, in pieces of several sizes, and writes
// FOLDER/N.ours. It has a line for each event with its type, its data and its id in hexadecimal digits.

#include "differential.hpp"

#include <practicus/event_parser.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace {

void read_events(std::filesystem::path const& from, std::size_t number)
{
    std::ifstream in(from, std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream ours(std::filesystem::path(from).replace_extension("ours"));
    std::size_t const size = number % 2 == 0 ? std::max<std::size_t>(1, text.size()) : 1 + number % 7;
    practicus::event_parser parser;
    for (std::size_t i = 0; i < text.size(); i += size) {
        auto piece = std::string_view(text).substr(i, size);
        while (auto const event = parser.next(piece))
            ours << differential::hex(event->type) << ' ' << differential::hex(event->data) << ' '
                 << differential::hex(event->id) << '\n';
    }
}

} // namespace

int main(int argc, char** argv)
{
    return differential::for_each_file(argc, argv, ".stream", read_events);
}
