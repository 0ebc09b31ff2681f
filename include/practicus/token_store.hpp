// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace practicus { inline namespace v1 {

/// The base class of stores in which clients share tokens, ids and the refresh token that a region
/// replaces. A client reads the store, under a lock, before it asks the region, so only one of the sharing
/// clients asks.
///
/// A store holds one login for each region, and the values fetched for each of its users. A client uses
/// only the values of its own user. The user is the `user_id` or else `sub` of the region's tokens, else
/// the full e-mail, else the region's name for the user. If all are unknown, a client uses only values that
/// derive from its own refresh token. A client without credentials uses the stored login. The format of a
/// value is the client's; a value holds secrets, and a key holds none.
///
/// **Errors.** An exception is reported to the observer (`events::store_failed`), and the client continues
/// without the store.
///
/// **Time.** The functions run in the client's context and must not block it. `load` has the time limit of
/// `acquire`, the others have a minute.
///
/// **Thread safety.** A client may call the functions on several threads at once.
class token_store
{
public:
    /// The return type of the functions.
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    /// A held lock. Its destructor releases it, on any thread.
    class lock
    {
    public:
        lock() = default;
        lock(lock const&) = delete;
        lock& operator=(lock const&) = delete;
        virtual ~lock() = default;
    };

    token_store() = default;
    token_store(token_store const&) = delete;
    token_store& operator=(token_store const&) = delete;
    virtual ~token_store() = default;

    /// Returns the value that was saved last, or an empty secret.
    [[nodiscard]] virtual awaitable<secret> load(std::string key) = 0;
    /// Replaces the value of the key. Must be atomic: readers see the old value or the new one.
    [[nodiscard]] virtual awaitable<void> save(std::string key, secret value) = 0;
    /// Removes the value; no error if there is none.
    [[nodiscard]] virtual awaitable<void> remove(std::string key) = 0;
    /// Waits until no other process holds the key's lock. Throws after a time limit of its own. A client
    /// continues without the lock after half of `timeout_options::operation`, or after a twentieth while
    /// locks are not available.
    [[nodiscard]] virtual awaitable<std::unique_ptr<lock>> acquire(std::string key) = 0;
};

}} // namespace practicus::v1
