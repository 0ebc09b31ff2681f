// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// csv_differential FOLDER: cuts each FOLDER/N.csv, from 0 on, into batches, and writes FOLDER/N.ours. That is
// `refused` and the reason, or the number of rows in a response of this text, and the number that a mock
// model reads. A line for each batch follows, with its rows and its text in hexadecimal digits.

#include "differential.hpp"

#include <practicus/detail/base/csv_scanner.hpp>
#include <practicus/detail/batch/csv_splitter.hpp>
#include <practicus/error.hpp>
#include <practicus/mock/prediction.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using namespace practicus::detail;

using differential::hex;

void write_batches(std::ostream& out, csv_splitter& cutter)
{
    while (auto const batch = cutter.next())
        out << batch->rows << ' ' << hex(batch->text) << '\n';
    throw_if(cutter.fault());
}

/// Pieces and batches of other sizes for each text.
void cut(std::ostream& out, std::string const& text, std::size_t number)
{
    csv_splitter cutter(1 + number % 4, number % 3 == 0 ? 40 : std::numeric_limits<std::size_t>::max());
    std::size_t const piece = number % 2 == 0 ? std::max<std::size_t>(1, text.size()) : 1 + number % 7;
    for (std::size_t i = 0; i < text.size(); i += piece)
        cutter.push(std::string_view(text).substr(i, piece));
    cutter.finish();
    std::ostringstream batches; // includes those before an error
    write_batches(batches, cutter);
    auto const predicted = practicus::mock::predict_csv(text);
    out << parse_prediction(text).value().count << '\n'
        << std::count(predicted.begin(), predicted.end(), '\n') - 1 << '\n'
        << batches.str();
}

void read_and_cut(std::filesystem::path const& from, std::size_t number)
{
    std::ifstream in(from, std::ios::binary);
    std::string const text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream ours(std::filesystem::path(from).replace_extension("ours"));
    try {
        cut(ours, text, number);
    } catch (practicus::error const& e) {
        ours << "refused " << e.info().message << '\n';
    }
}

} // namespace

int main(int argc, char** argv)
{
    return differential::for_each_file(argc, argv, ".csv", read_and_cut);
}
