// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The store of a client. Errors are reported to the observer and treated as a miss. Ends its waits when the
/// client is closed or an access takes too long.
class shared_store
{
public:
    using lock_ptr = std::shared_ptr<token_store::lock>;

    /// `operation` is the time limit of an operation, or zero for none.
    shared_store(std::shared_ptr<client_runtime> runtime, std::shared_ptr<token_store> store,
                 notifier observed, std::chrono::milliseconds operation)
        : runtime_(std::move(runtime)), store_(std::move(store)), observer_(observed),
          lock_wait_((operation.count() != 0 ? operation : default_operation) / 2)
    {}

    bool is_open() const noexcept { return store_ != nullptr; }

    /// Returns null if the lock is not available in time. The first wait is limited to half of an operation's
    /// time. After a failure a tenth of that applies, until a lock is acquired. So is a `load`.
    asio::awaitable<lock_ptr> acquire(std::string key) const
    {
        operation_body<lock_ptr> const body = [s = store_, key] { return take_lock(s, key); };
        auto const held = co_await attempt<lock_ptr>(body, wait_limit(),
                                                     "the lock of '" + key + "' was not available in time");
        missed_ = held == nullptr;
        co_return held;
    }

    asio::awaitable<std::optional<store_record>> load(std::string key) const
    {
        operation_body<secret> const body = [s = store_, key] { return s->load(key); };
        auto const text = co_await attempt<secret>(body, wait_limit(), "the token store takes too long");
        auto value = read_stored(text);
        if (value) bound_by(*value, runtime_->time());
        co_return value;
    }

    asio::awaitable<void> save(std::string key, store_record const& value) const
    {
        operation_body<void> const body = [s = store_, key, text = write_stored(value)] {
            return s->save(key, text);
        };
        co_await attempt<void>(body);
    }

    asio::awaitable<void> remove(std::string key) const
    {
        operation_body<void> const body = [s = store_, key] { return s->remove(key); };
        co_await attempt<void>(body);
    }

    /// Returns the stored value if it is fresh, not `rejected_value`, and `accept(store_record)` is true.
    /// Otherwise calls `fetch`, which saves its value. Runs in one process at a time.
    asio::awaitable<result<fetch_result<token>>>
    find_or_fetch(std::string key, freshness_limits limits, token rejected_value,
                  std::function<bool(store_record const&)> accept,
                  operation_body<result<fetch_result<token>>> fetch) const
    {
        auto const held = co_await acquire(key);
        auto const kept = co_await load(key);
        if (kept && accept(*kept) && !(kept->value == rejected_value)) {
            fetch_result<token> found;
            found.value = kept->value;
            found.life = life_of_stored(*kept, runtime_->time(), limits, runtime_->random().next());
            if (found.life.at(runtime_->time().now()) == freshness::fresh) co_return found;
        }
        co_return co_await fetch();
    }

    /// Saves a value unless `is_stale()`. Removes it if `is_stale()` after the save.
    asio::awaitable<void> save_unless(std::function<bool()> is_stale, std::string key,
                                      fetch_result<token> got) const
    {
        if (is_stale()) co_return;
        co_await save(key, as_stored(got.value, got.life, runtime_->time()));
        if (is_stale()) co_await remove(key);
    }

private:
    /// A flight has no room for a value that cannot be copied.
    static asio::awaitable<lock_ptr> take_lock(std::shared_ptr<token_store> from, std::string key)
    {
        co_return co_await from->acquire(std::move(key));
    }

    /// Calls the store with a time limit; returns an empty value after an error. `late` is the message of a
    /// timeout.
    template <class T>
    asio::awaitable<value_of<T>> attempt(operation_body<T> body, std::chrono::milliseconds limit = longest,
                                         std::string late = {}) const
    {
        auto const end = runtime_->time().now() + limit;
        auto ended = co_await run_on_client_executor<T>(runtime_, body, end);
        if (ended) co_return std::move(*ended);
        auto const& failed = *ended.error();
        bool const is_late = failed.code == errc::deadline_exceeded && !late.empty();
        observer_(events::store_failed{failed.code, is_late ? late : failed.message});
        co_return value_of<T>();
    }

    std::chrono::milliseconds wait_limit() const noexcept { return missed_ ? lock_wait_ / 10 : lock_wait_; }

    static constexpr std::chrono::minutes longest{1};
    static constexpr std::chrono::seconds default_operation{30};

    std::shared_ptr<client_runtime> runtime_;
    std::shared_ptr<token_store> store_;
    notifier observer_;
    std::chrono::milliseconds lock_wait_;
    // The last lock was not acquired.
    mutable std::atomic<bool> missed_{false};
};

}}} // namespace practicus::v1::detail
