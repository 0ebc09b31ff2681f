// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/sha256.hpp>

#include <algorithm>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace practicus::inline v1::detail {

/// The refresh tokens that one login has had, by their digests: which of two is the newer no clock can say
/// (files are copied with their times, and written for other reasons). The last 32. Thread safety: full.
class login_lineage
{
public:
    void add(std::string_view token) { add_digests({sha256_hex(token)}); }

    void add_digests(std::vector<std::string> const& more)
    {
        std::lock_guard lock(mutex_);
        for (auto const& one : more) {
            std::erase(digests_, one);
            digests_.push_back(one);
        }
        if (digests_.size() > most)
            digests_.erase(digests_.begin(), digests_.end() - static_cast<std::ptrdiff_t>(most));
    }

    bool has(std::string_view token) const
    {
        auto const wanted = sha256_hex(token);
        std::lock_guard lock(mutex_);
        return std::find(digests_.begin(), digests_.end(), wanted) != digests_.end();
    }

    std::vector<std::string> digests() const
    {
        std::lock_guard lock(mutex_);
        return digests_;
    }

private:
    static constexpr std::size_t most = 32;

    mutable std::mutex mutex_;
    std::vector<std::string> digests_;
};

} // namespace practicus::inline v1::detail
