// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/json/value.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

namespace bench {

/// One figure in every round.
struct series
{
    std::vector<double> values;

    void add(double value) { values.push_back(value); }

    double at(double part) const
    {
        auto sorted = values;
        std::sort(sorted.begin(), sorted.end());
        return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1) + 0.5)];
    }
    double median() const { return at(0.5); }

    boost::json::value to_json() const { return {{"median", median()}, {"min", at(0)}, {"max", at(1)}}; }
};

} // namespace bench
