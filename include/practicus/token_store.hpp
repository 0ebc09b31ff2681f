// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/secret.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <string>

namespace practicus { inline namespace v1 {

/// Where clients share what they have fetched: tokens, ids, and the refresh token that a region replaces. A
/// client looks here before it asks the region, under a lock, so that of all who share a store one asks.
///
/// A store holds one login for each region, and what was fetched for each of its users. A client takes only
/// what is its own user's. A user is what the region's tokens say (`user_id`, else `sub`), else the e-mail in
/// full, else the name that the region gives. Where none of these is known, a client takes only what has come
/// from the refresh token that it was given. A client without credentials takes the login that it finds. What
/// is kept under a key is the client's; it holds secrets, and a key holds none.
///
/// The functions run in the client's context, and must not block it. Each call may take a minute. What they
/// throw goes to the observer (`events::store_failed`), and the client goes on without the store. Thread
/// safety: a client may call them on several threads at once.
class token_store
{
public:
    /// What the functions return.
    template <class T>
    using awaitable = boost::asio::awaitable<T>;

    /// Given back when it is destroyed, by any thread.
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

    /// What was saved last, or an empty secret.
    [[nodiscard]] virtual awaitable<secret> load(std::string key) = 0;
    /// Replaces what was saved under this key before. Others must never read a part.
    [[nodiscard]] virtual awaitable<void> save(std::string key, secret value) = 0;
    /// Forgets what was saved; no error if nothing was.
    [[nodiscard]] virtual awaitable<void> remove(std::string key) = 0;
    /// Waits until no other process has the key's lock, or throws after a while. A client goes on without it
    /// after half of `timeout_options::operation`, and after a twentieth while locks are not to be had.
    [[nodiscard]] virtual awaitable<std::shared_ptr<lock>> acquire(std::string key) = 0;
};

}} // namespace practicus::v1
