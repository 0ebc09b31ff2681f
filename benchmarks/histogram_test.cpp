// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// Percentiles of the histogram beside those of all values, sorted: within a thousandth.

#include "histogram.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <random>
#include <vector>

namespace {

bool near(double found, double exact)
{
    return found >= exact && found <= exact * 1.001 + 1;
}

bool compare(unsigned seed, double scale)
{
    std::mt19937_64 random(seed);
    std::lognormal_distribution<double> latency(0, 2);
    bench::histogram h;
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i != 10'000; ++i) {
        all.push_back(static_cast<std::uint64_t>(scale * latency(random)));
        h.record(all.back());
    }
    std::sort(all.begin(), all.end());
    bool good = h.count() == all.size() && h.max() == all.back() && h.percentile(100) == all.back();
    for (double const percent : {0.01, 1.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
        auto const rank = static_cast<std::size_t>(percent / 100 * static_cast<double>(all.size()) + 0.5);
        auto const exact = static_cast<double>(all[std::max<std::size_t>(rank, 1) - 1]);
        auto const found = static_cast<double>(h.percentile(percent));
        if (near(found, exact)) continue;
        std::printf("scale %g: p%g is %g, but %g was found\n", scale, percent, exact, found);
        good = false;
    }
    return good;
}

} // namespace

int main()
{
    bool good = bench::histogram().percentile(50) == 0;
    for (unsigned seed = 0; seed != 10; ++seed)
        for (double const scale : {1.0, 1e3, 1e6, 1e12})
            good = compare(seed, scale) && good;
    return good ? 0 : 1;
}
