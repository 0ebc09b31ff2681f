// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/timed_wait.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/net/connection.hpp>
#include <practicus/detail/net/connector.hpp>
#include <practicus/detail/net/tls_sessions.hpp>
#include <practicus/detail/pool/pool_state.hpp>
#include <practicus/detail/pool/retry_policy.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

class pool;

/// A connection with the pool's data.
struct pooled final : pool_connection
{
    explicit pooled(std::unique_ptr<connection> made) noexcept : link(std::move(made)) {}

    std::unique_ptr<connection> const link;
};

/// RAII: a connection that is not returned is discarded.
class lease
{
public:
    lease() noexcept = default;
    lease(std::shared_ptr<pool> owner, pooled& leased) noexcept : owner_(std::move(owner)), leased_(&leased)
    {}
    lease(lease&& other) noexcept
        : owner_(std::move(other.owner_)), leased_(std::exchange(other.leased_, nullptr))
    {}
    lease& operator=(lease&& other) noexcept
    {
        lease(std::move(other)).swap(*this);
        return *this;
    }
    inline ~lease();

    explicit operator bool() const noexcept { return leased_ != nullptr; }
    connection& operator*() const noexcept { return *leased_->link; }
    connection* operator->() const noexcept { return leased_->link.get(); }

    /// Returns true if the connection was idle or used before: the server may have closed it meanwhile.
    bool reused() const noexcept { return leased_->reused(); }

    /// Returns the connection after a complete response.
    inline void give_back(attempt const& done, std::optional<std::chrono::seconds> keep_alive);
    /// Discards the connection after a failure: the server had closed it before.
    inline void give_up_stale(attempt const& done);
    /// Ends the lease after any other failure. The connection is kept if nothing was begun on it.
    inline void give_up(attempt const& done);

private:
    void swap(lease& other) noexcept
    {
        owner_.swap(other.owner_);
        std::swap(leased_, other.leased_);
    }

    std::shared_ptr<pool> owner_;
    pooled* leased_ = nullptr;
};

/// The connections of one origin; executes the decisions of `pool_state`. Thread safety: full. Connections
/// are opened, used and closed in the client's context, or while that cannot be destroyed.
class pool : public std::enable_shared_from_this<pool>
{
public:
    /// `forward` is the proxy that forwards requests, or null. It must outlive the pool.
    pool(std::shared_ptr<connector> d, url_origin where, proxy const* forward)
        : connector_(std::move(d)), where_(std::move(where)), sessions_(std::make_shared<tls_sessions>()),
          forward_proxy_(forward), fields_(fields_of(where_, connector_->options())),
          state_(connector_->options().pool)
    {}
    pool(pool const&) = delete;
    pool& operator=(pool const&) = delete;
    ~pool() { drop_idle(); }

    url_origin const& where() const noexcept { return where_; }
    /// Returns the proxy that forwards requests, or null. It outlives the pool.
    proxy const* forward_proxy() const noexcept { return forward_proxy_; }
    retry_budget& budget() noexcept { return budget_; }
    /// Returns what all requests to the origin have in common, from the HTTP version to the accepted types.
    std::string const& fields() const noexcept { return fields_; }

    /// Returns an idle connection, or an empty lease. Closes dead ones.
    lease try_acquire(bool fresh)
    {
        while (!fresh) {
            pool_actions actions;
            {
                std::lock_guard lock(mutex_);
                actions = state_.take(now());
            }
            auto* const granted = static_cast<pooled*>(actions.granted);
            close(actions);
            if (granted == nullptr) break;
            lease found(shared_from_this(), *granted);
            if (!granted->link->is_dead()) {
                if (observer()) observer()(events::reused{where_.str(), granted->idle_age()});
                return found;
            }
            found.give_up_stale({});
        }
        return {};
    }

    /// Closes connections that were idle for too long.
    void sweep() noexcept
    {
        act([&] { return state_.sweep(now()); });
    }

    /// Closes idle connections. Callable from any thread.
    void drop_idle() noexcept
    {
        // Under the mutex: the context's destructor waits for it.
        std::lock_guard lock(mutex_);
        auto actions = state_.close_idle();
        close(actions);
    }

    /// Refuses all callers from now on. Callable from any thread.
    void shut_down() noexcept
    {
        std::lock_guard lock(mutex_);
        auto actions = state_.shutdown([](pool_waiter& w) { static_cast<queued&>(w).wake({}); });
        close(actions);
    }

    /// Returns true if there is no connection, no connect and no waiter.
    bool is_empty() const noexcept
    {
        std::lock_guard lock(mutex_);
        auto const c = state_.counters();
        return c.open + c.connecting + c.waiting == 0;
    }

    void add_to(client_stats& total) const noexcept
    {
        std::lock_guard lock(mutex_);
        auto const c = state_.counters();
        total.connections.open += c.open;
        total.connections.idle += c.idle;
        total.connections.waiting += c.waiting;
        total.connections.connecting += c.connecting;
        total.connections.connects += c.connects;
        total.connections.connect_failures += c.connect_failures;
        total.connections.reuses += c.reuses;
        total.connections.stale_hits += c.stale_hits;
        total.connections.evictions += c.evictions;
        total.connections.resumptions += resumptions_;
        total.exchanges += exchanges_;
        total.bytes_sent += bytes_sent_;
        total.bytes_received += bytes_received_;
    }

private:
    friend class lease;
    friend class connection_wait;

    /// Guarded by the mutex.
    struct queued final : timed_waiter, pool_waiter, std::enable_shared_from_this<queued>
    {
        failure why;
    };

    static std::string fields_of(url_origin const& where, client_options const& options)
    {
        std::string result(" HTTP/1.1");
        result.append(own_field::host).append(where.host_header());
        result.append(own_field::user_agent).append(options.user_agent);
        return result.append(own_field::accept);
    }

    client_runtime& runtime() const noexcept { return *connector_->runtime(); }
    time_point now() const noexcept { return runtime().time().now(); }
    notifier const& observer() const noexcept { return connector_->observer(); }

    static failure not_started() noexcept
    {
        return fixed_error<boost::system::errc::resource_unavailable_try_again>();
    }

    /// RAII: a connect for the pool. Its place is released however it ends.
    struct connect_slot
    {
        explicit connect_slot(std::shared_ptr<pool> p) noexcept : owner(std::move(p)) {}
        connect_slot(connect_slot const&) = delete;
        connect_slot& operator=(connect_slot const&) = delete;
        ~connect_slot()
        {
            if (!ended) owner->act([&] { return owner->failed(not_started()); });
        }

        std::shared_ptr<pool> owner;
        bool ended = false;
    };

    /// Executes the actions that `decide` returns. `decide` is called under the mutex.
    template <class Decide>
    void act(Decide decide) noexcept
    {
        bool connect = act_once(decide);
        while (connect && !start_connect())
            connect = act_once([&] { return failed(not_started()); });
    }

    /// Returns true if a connect must be started.
    template <class Decide>
    bool act_once(Decide decide) noexcept
    {
        pool_actions actions;
        std::shared_ptr<queued> woken;
        {
            std::lock_guard lock(mutex_);
            actions = decide();
            if (actions.wake != nullptr) woken = static_cast<queued*>(actions.wake)->shared_from_this();
        }
        close(actions);
        if (woken) woken->wake({});
        return actions.connect;
    }

    bool start_connect() noexcept
    {
        std::shared_ptr<connect_slot> slot;
        bool started = false;
        try {
            slot = std::make_shared<connect_slot>(shared_from_this());
            started = runtime().spawn([slot] { return connect(slot); });
        } catch (...) {
        }
        if (slot && !started) slot->ended = true;
        return started;
    }

    /// Requires the mutex. The woken waiter gets this error.
    pool_actions failed(failure const& why) noexcept
    {
        auto actions = state_.connect_failed();
        if (actions.wake != nullptr) static_cast<queued*>(actions.wake)->why = why;
        return actions;
    }

    static void close(pool_actions& actions) noexcept
    {
        while (!actions.close.empty()) {
            auto& c = static_cast<pooled&>(actions.close.front());
            actions.close.pop_front();
            delete &c;
        }
    }

    /// Returns the connection of a woken waiter, or the reason why it has none; neither if it was not woken.
    std::pair<pooled*, failure> picked_up(queued& w)
    {
        std::lock_guard lock(mutex_);
        if (w.state() == pool_wait::served) return {static_cast<pooled*>(state_.picked_up(w)), nullptr};
        if (w.state() == pool_wait::closed) return {nullptr, fixed_error<errc::client_closed>()};
        return {nullptr, w.why};
    }

    void enlist(queued& w, bool fresh) noexcept
    {
        act([&] { return state_.ask(w, now(), fresh); });
    }

    void leave(queued& w) noexcept
    {
        act([&] { return state_.cancelled(w, now()); });
    }

    static asio::awaitable<void> connect(std::shared_ptr<connect_slot> slot)
    {
        auto& self = *slot->owner;
        deadline_service::background_guard const running(self.runtime().limits());
        while (true) {
            auto connecting = self.connector_->connect(self.where_, self.sessions_);
            auto opened = co_await std::move(connecting);
            // It was abandoned with the last operation, but new waiters have arrived.
            if (!opened && opened.error()->code == asio::error::operation_aborted && self.is_wanted())
                continue;
            auto made = opened ? std::make_unique<pooled>(std::move(*opened)) : nullptr;
            slot->ended = true;
            self.act([&] { return made ? self.connected(*made.release()) : self.failed(opened.error()); });
            co_return;
        }
    }

    /// Requires the mutex.
    pool_actions connected(pooled& made)
    {
        auto& link = *made.link;
        if (link.is_tls() && ::SSL_session_reused(link.tls().native_handle()) == 1) ++resumptions_;
        return state_.connected(made, now(), runtime().random().next());
    }

    bool is_wanted() const
    {
        std::lock_guard lock(mutex_);
        return !state_.is_shut() && state_.counters().waiting != 0;
    }

    template <class Decide>
    void end(attempt const& done, Decide decide) noexcept
    {
        act([&] {
            if (done.written) ++exchanges_;
            bytes_sent_ += done.bytes_sent;
            bytes_received_ += done.bytes_received;
            return decide();
        });
    }

    std::shared_ptr<connector> connector_;
    url_origin where_;
    // Must outlive the connections.
    std::shared_ptr<tls_sessions> sessions_;
    proxy const* forward_proxy_;
    std::string fields_;
    retry_budget budget_;
    mutable std::mutex mutex_;
    pool_state state_;
    std::uint64_t resumptions_ = 0;
    std::uint64_t exchanges_ = 0;
    std::uint64_t bytes_sent_ = 0;
    std::uint64_t bytes_received_ = 0;
};

inline void lease::give_back(attempt const& done, std::optional<std::chrono::seconds> keep_alive)
{
    auto& c = *std::exchange(leased_, nullptr);
    owner_->end(done,
                [&] { return owner_->state_.returned(c, c.link->reusable(), owner_->now(), keep_alive); });
}

inline void lease::give_up_stale(attempt const& done)
{
    auto& c = *std::exchange(leased_, nullptr);
    if (owner_->observer()) owner_->observer()(events::stale{owner_->where_.str(), c.idle_age()});
    owner_->end(done, [&] { return owner_->state_.stale(c, owner_->now()); });
}

inline void lease::give_up(attempt const& done)
{
    auto& c = *std::exchange(leased_, nullptr);
    // An exchange that has not begun leaves its head, with the token.
    c.link->out.wipe();
    owner_->end(done, [&] {
        return c.link->touched() ? owner_->state_.returned(c, false, owner_->now())
                                 : owner_->state_.returned_unused(c, owner_->now());
    });
}

inline lease::~lease()
{
    if (leased_ != nullptr) give_up({});
}

}}} // namespace practicus::v1::detail
