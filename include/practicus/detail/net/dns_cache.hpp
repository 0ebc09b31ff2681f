// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/deadline_service.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/base/bounded_map.hpp>
#include <practicus/detail/base/lru_tick.hpp>
#include <practicus/detail/net/host_lookup.hpp>
#include <practicus/detail/net/lookup_threads.hpp>
#include <practicus/detail/net/name_state.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// Looks up the addresses of hosts and caches them. `getaddrinfo` cannot be interrupted: it runs on threads
/// that no operation, context or client waits for. Thread safety: full.
class dns_cache : public std::enable_shared_from_this<dns_cache>
{
public:
    using lookup = std::function<lookup_result(std::string const& host)>;

    explicit dns_cache(std::shared_ptr<deadline_service> limits) : limits_(std::move(limits)) {}

    /// Replaces `look_up_host`. For tests; set before the first lookup.
    void look_up_with(lookup f) { look_up_ = std::move(f); }

    lookup_threads& threads() const noexcept { return *threads_; }

    /// Returns the host's addresses. Fails with `errc::resolve_failed`, or `errc::resolve_timeout` at `end`,
    /// while the lookup continues. Fails with `errc::client_closed`, or `operation_aborted` if no operation
    /// needs the addresses any more.
    asio::awaitable<result<address_list>> find(std::string host, time_point end)
    {
        if (auto known = known_addresses(host)) co_return known;
        auto const asked = ask(host);
        if (!asked) co_return asked.error();
        if (asked->found) co_return asked->found;
        auto const at = std::min(end, asked->patience_ends);
        auto joining = flight<address_list>::join(asked->joined, limits_, at, do_nothing(), true);
        auto found = co_await std::move(joining);
        if (found || found.error()->code != errc::deadline_exceeded) co_return std::move(found);
        if (auto stale = stale_addresses(host)) co_return stale;
        co_return timeout_failure(phase::resolve, time_point::max(), limits_->time().now());
    }

    /// Makes the entry stale after all addresses failed.
    void reject(std::string const& host)
    {
        std::lock_guard lock(mutex_);
        if (auto* const known = names_.find(host)) known->state.reject();
    }

    static constexpr std::size_t most = 1000;

    /// Returns the number of known names.
    std::size_t size()
    {
        std::lock_guard lock(mutex_);
        return names_.size();
    }

private:
    struct name
    {
        bool is_in_flight() const noexcept { return state.in_flight(); }
        bool is_expired(time_point now) const noexcept { return !state.stale(now); }
        last_use_period last_use() const noexcept { return used; }

        name_state<address_list> state;
        std::shared_ptr<flight<address_list>> joined;
        last_use_period used = 0;
    };

    struct answer
    {
        address_list found;
        std::shared_ptr<flight<address_list>> joined;
        time_point patience_ends = time_point::max();
    };

    /// The result of a lookup.
    struct ending
    {
        address_list found;
        failure why;
        bool name_exists = true;
    };

    result<answer> ask(std::string const& host)
    {
        std::lock_guard lock(mutex_);
        auto const now = limits_->time().now();
        auto& known = *names_.get(host, now).first;
        known.used = last_use_period_of(now);
        auto const decided = known.state.ask(now);
        if (decided.action == name_action::look_up) {
            try {
                start(host, known, now);
            } catch (std::system_error const& e) {
                if (auto stale = known.state.fail(true, now)) return answer{std::move(stale), nullptr};
                return make_failure(errc::resolve_failed,
                                    error_code(e.code().value(), asio::error::get_system_category()),
                                    host + ": no thread can be started for the lookup");
            }
        }
        return answer{decided.found, known.joined, decided.patience_ends};
    }

    /// Call under the mutex. Strong guarantee.
    void start(std::string const& host, name& known, time_point now)
    {
        auto const joined = std::make_shared<flight<address_list>>();
        threads_->run([weak = weak_from_this(), host, joined, look_up = look_up_] {
            if (weak.expired()) return;
            auto end = ending_of(host, look_up);
            fork_delay const here;
            if (auto const self = weak.lock()) self->ended(host, *joined, end);
        });
        known.joined = joined;
        known.state.begin(now);
    }

    static ending ending_of(std::string const& host, lookup const& look_up) noexcept
    {
        ending end;
        try {
            auto looked = look_up(host);
            if (!looked.failed) {
                end.found = std::make_shared<addresses const>(std::move(looked.found));
            } else {
                end.name_exists = looked.failed != asio::error::host_not_found;
                end.why = make_failure(errc::resolve_failed, looked.failed, host);
            }
        } catch (...) {
            // A lookup throws nothing else.
            end.why = fixed_error<boost::system::errc::not_enough_memory>();
        }
        return end;
    }

    /// Runs on the lookup's thread.
    void ended(std::string const& host, flight<address_list>& joined, ending& end) noexcept
    {
        {
            std::lock_guard lock(mutex_);
            auto const now = limits_->time().now();
            auto& known = *names_.find(host);
            known.joined.reset();
            if (end.found)
                known.state.succeed(end.found, now);
            else
                end.found = known.state.fail(end.name_exists, now);
            names_.unpinned(now);
        }
        if (end.found)
            joined.succeed(std::move(end.found));
        else
            joined.fail(std::move(end.why));
    }

    address_list stale_addresses(std::string const& host)
    {
        std::lock_guard lock(mutex_);
        auto const* const known = names_.find(host);
        return known != nullptr ? known->state.stale(limits_->time().now()) : nullptr;
    }

    std::shared_ptr<deadline_service> limits_;
    std::shared_ptr<lookup_threads> threads_ = std::make_shared<lookup_threads>();
    lookup look_up_ = look_up_host;
    std::mutex mutex_;
    bounded_map<std::string, name, text_key_hash> names_{most};
};

}}} // namespace practicus::v1::detail
