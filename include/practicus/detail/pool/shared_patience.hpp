// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <atomic>

namespace practicus { inline namespace v1 { namespace detail {

/// Decides how a fetch that a patient caller began takes a 503. Patient callers wait it out by themselves:
/// for them it ends the fetch. For any other caller the fetch is retried as usual. Thread safety: full.
class shared_patience
{
public:
    /// For a caller without patience. Returns false if the fetch ends too early for it.
    bool want_retries() noexcept { return decide(state::retries) == state::retries; }

    /// For the fetch, after a 503. Returns false if it is retried as usual.
    bool ends_fetch() noexcept { return decide(state::ends) == state::ends; }

private:
    enum class state
    {
        open,
        retries,
        ends
    };

    /// The first decision counts.
    state decide(state wanted) noexcept
    {
        auto present = state::open;
        return state_.compare_exchange_strong(present, wanted) ? wanted : present;
    }

    std::atomic<state> state_{state::open};
};

}}} // namespace practicus::v1::detail
