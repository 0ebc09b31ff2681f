// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/net/connector.hpp>
#include <practicus/detail/pool/pool.hpp>
#include <practicus/observer.hpp>
#include <practicus/url.hpp>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// The pools of a client, one per origin. Calls may trust any number of origins: beyond `many` pools, those
/// without a connection are dropped. Thread safety: full.
class pool_set : public std::enable_shared_from_this<pool_set>
{
public:
    static constexpr std::size_t many = 64;

    static std::shared_ptr<pool_set> make(std::shared_ptr<connector> d)
    {
        std::shared_ptr<pool_set> self(new pool_set(std::move(d)));
        auto const& runtime = self->connector_->runtime();
        std::weak_ptr<pool_set> const weak = self;
        runtime->limits()->on_second([weak] {
            if (auto const s = weak.lock()) s->sweep();
        });
        runtime->on_gone([weak] {
            // Connections that coroutines return during their destruction must be closed as well.
            if (auto const s = weak.lock()) s->close();
        });
        return self;
    }

    /// Fails with `errc::invalid_argument` for an unusable proxy.
    result<std::shared_ptr<pool>> of(url_origin const& where)
    {
        std::lock_guard lock(mutex_);
        for (auto const& p : pools_)
            if (p->where() == where) return p;
        auto const forward = connector_->forward_proxy(where);
        if (!forward) return forward.error();
        give_up_unused();
        pools_.push_back(std::make_shared<pool>(connector_, where, *forward));
        if (closed_) pools_.back()->shut_down();
        return pools_.back();
    }

    void close_idle() noexcept
    {
        std::lock_guard lock(mutex_);
        for (auto const& p : pools_)
            p->drop_idle();
    }

    void close() noexcept
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
        for (auto const& p : pools_)
            p->shut_down();
    }

    std::size_t size() const
    {
        std::lock_guard lock(mutex_);
        return pools_.size();
    }

    client_stats stats() const
    {
        std::lock_guard lock(mutex_);
        auto total = given_up_;
        for (auto const& p : pools_)
            p->add_to(total);
        return total;
    }

private:
    explicit pool_set(std::shared_ptr<connector> d) : connector_(std::move(d)) {}

    void sweep() noexcept
    {
        std::lock_guard lock(mutex_);
        for (auto const& p : pools_)
            p->sweep();
        give_up_unused();
    }

    /// Requires the mutex: operations get pools only under it.
    void give_up_unused() noexcept
    {
        if (pools_.size() < many) return;
        std::erase_if(pools_, [&](std::shared_ptr<pool> const& p) {
            bool const unused = p.use_count() == 1 && p->is_empty();
            if (unused) p->add_to(given_up_);
            return unused;
        });
    }

    std::shared_ptr<connector> connector_;
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<pool>> pools_;
    /// The counters of dropped pools.
    client_stats given_up_;
    bool closed_ = false;
};

}}} // namespace practicus::v1::detail
