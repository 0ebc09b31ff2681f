// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// Holds responses back until it is opened, so that a test needs no timer. A copyable handle. Thread-safe.
class gate
{
public:
    /// Releases all waiting responses and all later ones.
    void open() const
    {
        std::vector<std::function<void()>> waiters;
        {
            std::lock_guard lock(state_->mutex);
            state_->is_open = true;
            waiters.swap(state_->waiters);
        }
        for (auto const& wake : waiters)
            wake();
    }

    /// Returns the number of waiting responses.
    std::size_t waiting() const
    {
        std::lock_guard lock(state_->mutex);
        return state_->waiters.size();
    }

    /// Calls `wake` from `open()`. Returns false, without a call, if the gate is open.
    bool wait(std::function<void()> wake) const
    {
        std::lock_guard lock(state_->mutex);
        if (!state_->is_open) state_->waiters.push_back(std::move(wake));
        return !state_->is_open;
    }

private:
    struct state
    {
        std::mutex mutex;
        bool is_open = false;
        std::vector<std::function<void()>> waiters;
    };

    std::shared_ptr<state> state_ = std::make_shared<state>();
};

}}} // namespace practicus::v1::mock
