// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/flight.hpp>
#include <practicus/detail/operation.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/error.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

using addresses = std::vector<asio::ip::address>;

/// Finds the addresses of hosts: one question at a time for each, whose answer is kept for a while. Asio asks
/// getaddrinfo on one hidden thread, a name at a time, and can not interrupt it. Thread safety: full.
class name_cache : public std::enable_shared_from_this<name_cache>
{
public:
    static constexpr std::chrono::seconds lifetime{10};

    explicit name_cache(std::shared_ptr<runtime> home) : home_(std::move(home)) {}

    /// Throws `errc::resolve_failed`, or `errc::resolve_timeout` at `end`: getaddrinfo runs on then, and the
    /// caller goes.
    asio::awaitable<addresses> find(std::string host, time_point end)
    {
        error_code code;
        if (auto const literal = asio::ip::make_address(host, code); !code) co_return addresses(1, literal);
        std::shared_ptr<flight<addresses>> asked;
        std::function<void()> start;
        {
            std::lock_guard lock(mutex_);
            auto& known = names_[host];
            if (known.found && home_->time().now() < known.until) co_return *known.found;
            if (!known.asked) {
                known.asked = std::make_shared<flight<addresses>>();
                start = [self = shared_from_this(), host, asked = known.asked] { self->ask(host, asked); };
            }
            asked = known.asked;
        }
        bool late = false;
        try {
            auto const begin = [start] {
                if (start) start();
            };
            co_return co_await flight<addresses>::join(asked, home_->limits(), end, begin);
        } catch (error const& e) {
            if (e.code() != errc::deadline_exceeded) throw;
            late = true;
        }
        if (late) throw_timeout(phase::resolve, time_point::max(), home_->time().now());
        co_return addresses();
    }

    /// None of the addresses is any good.
    void forget(std::string const& host)
    {
        std::lock_guard lock(mutex_);
        auto const known = names_.find(host);
        if (known != names_.end()) known->second.found.reset();
    }

    /// As if it had been found.
    void remember(std::string const& host, addresses found)
    {
        std::lock_guard lock(mutex_);
        auto& known = names_[host];
        known.found = std::move(found);
        known.until = home_->time().now() + lifetime;
    }

private:
    struct name
    {
        std::optional<addresses> found;
        time_point until{};
        std::shared_ptr<flight<addresses>> asked;
    };

    void ask(std::string const& host, std::shared_ptr<flight<addresses>> const& asked)
    {
        auto const promise = std::make_shared<flight_promise<addresses>>(asked);
        home_->with_executor([&](asio::any_io_executor const& executor) {
            using resolver = asio::ip::tcp::resolver;
            auto const asking = std::make_shared<resolver>(executor);
            asking->async_resolve(host, "",
                                  [self = shared_from_this(), host, asking,
                                   promise](error_code const& failed, resolver::results_type const& results) {
                                      self->answered(host, *promise, failed, results);
                                  });
        });
    }

    void answered(std::string const& host, flight_promise<addresses>& promise, error_code const& failed,
                  asio::ip::tcp::resolver::results_type const& results)
    {
        addresses found;
        for (auto const& entry : results)
            if (auto const a = entry.endpoint().address();
                std::find(found.begin(), found.end(), a) == found.end())
                found.push_back(a);
        {
            std::lock_guard lock(mutex_);
            names_[host].asked.reset();
        }
        if (failed) {
            error_info info;
            info.code = errc::resolve_failed;
            info.cause = failed;
            info.message = host;
            return promise->fail(std::make_shared<error_info const>(std::move(info)));
        }
        remember(host, found);
        promise->succeed(std::move(found));
    }

    std::shared_ptr<runtime> home_;
    std::mutex mutex_;
    std::map<std::string, name> names_;
};

} // namespace practicus::inline v1::detail
