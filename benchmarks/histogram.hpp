// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace bench {

/// Counts values as HdrHistogram does. The width of a bucket doubles with the value, and each bucket is cut
/// into 2048 equal parts. A value of any size thus keeps three significant digits. (Debian 12 has no package
/// of HdrHistogram's C library.)
class histogram
{
public:
    void record(std::uint64_t value)
    {
        auto const i = index(value);
        if (i >= counts_.size()) counts_.resize(i + 1);
        ++counts_[i];
        ++total_;
        max_ = std::max(max_, value);
    }

    std::uint64_t count() const noexcept { return total_; }
    std::uint64_t max() const noexcept { return max_; }

    /// The value that so many per cent do not exceed, to three digits, rounded up. 0 if nothing was recorded.
    std::uint64_t percentile(double percent) const
    {
        auto const wanted = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(percent / 100 * static_cast<double>(total_) + 0.5));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i != counts_.size(); ++i) {
            seen += counts_[i];
            if (seen >= wanted) return std::min(highest(i), max_);
        }
        return max_;
    }

private:
    static constexpr unsigned bits = 11;
    static constexpr std::uint64_t half = 1U << (bits - 1);

    /// Below 2048 each value has a place of its own; above, the upper half of each bucket's parts is used.
    static std::size_t index(std::uint64_t value) noexcept
    {
        auto const width = static_cast<unsigned>(std::bit_width(value));
        auto const shift = width <= bits ? 0 : width - bits;
        return static_cast<std::size_t>(shift * half + (value >> shift));
    }

    static std::uint64_t highest(std::size_t index) noexcept
    {
        auto const i = static_cast<std::uint64_t>(index);
        auto const shift = i < 2 * half ? 0 : i / half - 1;
        return ((i - shift * half + 1) << shift) - 1;
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace bench
