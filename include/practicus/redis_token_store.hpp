// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/connection_options.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/option_check.hpp>
#include <practicus/detail/base/random.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/base/text_seal.hpp>
#include <practicus/detail/net/redis_connection.hpp>
#include <practicus/detail/net/redis_url.hpp>
#include <practicus/detail/net/redis_worker.hpp>
#include <practicus/detail/net/tls_context.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>
#include <practicus/token_store.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <openssl/rand.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// Needs libhiredis, for example by the CMake target practicus::redis. Nothing else of the client does.

namespace practicus { inline namespace v1 {

/// The options of a `redis_token_store`. A time must be positive; it is at most a year.
struct redis_token_store_options
{
    /// A time in milliseconds.
    using duration = std::chrono::milliseconds;

    redis_token_store_options() noexcept {}

    /// `redis://[user[:password]@]host[:port][/database]`, or `rediss://` for TLS. The default port is 6379.
    /// User and password are percent-encoded. A secret, because it may hold a password.
    secret url;
    /// The ACL user, unless the url has one. Empty: the server's default user. A user needs the commands
    /// `GET`, `SET`, `DEL`, `EVAL` and, for a database other than 0, `SELECT`.
    std::string user;
    /// The password, unless the url has one.
    secret password;
    /// For `rediss://` only: the certificate is verified against the host name.
    tls_options tls;
    /// The limit of looking up, connecting and logging in, each time.
    duration connect_timeout{2'000};
    /// The limit of one command, each time it is sent. It does not include the wait for earlier commands.
    duration command_timeout{2'000};
    /// The beginning of the names of all keys: visible ASCII characters, at most 128. Clients with different
    /// prefixes share nothing.
    std::string key_prefix = "practicus:";
    /// A key of 32 bytes that all sharing clients hold. Values are encrypted with it (AES-256-GCM). Empty:
    /// values are not encrypted, and the server's administrator can read the tokens.
    secret encryption_key;
    /// The life of a lock, which delays the other clients after the death of its holder. It should exceed the
    /// time of a login.
    duration lock_life{10'000};
};

/// Values in a Redis server, or one that speaks its protocol, for clients on many machines. The name of a
/// key is the prefix and a digest. A value ends with the life of its token. A lock is a key with a random
/// value and a limited life, and only its holder removes it before.
///
/// The store has one connection, used by a thread of its own: no execution context waits for the server. If
/// the server cannot be used, calls fail with an `error`. A call waits for those before it. After a failed
/// connect or a lost connection, calls fail at once for a pause of 0.25 to 0.5 s, which doubles up to 15 to
/// 30 s. A command on a connection that was lost is sent once more on a new one.
///
/// A value that cannot be decrypted is an error of `load`; the client then fetches and replaces it. A store
/// without a key that has loaded an encrypted value saves nothing more: `save` throws `errc::file_error`.
///
/// A forked child may use a store that its parent had not used before. Thread safety: full.
class redis_token_store final : public token_store
{
public:
    /// Connects at the first call. Throws `errc::invalid_argument`, which names the field, and
    /// `errc::file_error` for the files of `tls`.
    explicit redis_token_store(redis_token_store_options const& options);

    /// Waits for the command that is being executed, and until its locks are released. Later calls throw
    /// `errc::client_closed`.
    ~redis_token_store() override;

    [[nodiscard]] awaitable<secret> load(std::string key) override;
    [[nodiscard]] awaitable<void> save(std::string key, secret value) override;
    [[nodiscard]] awaitable<void> remove(std::string key) override;
    [[nodiscard]] awaitable<std::unique_ptr<lock>> acquire(std::string key) override;

private:
    class held;
    struct state;

    // Calls own it: they may outlive the store.
    std::shared_ptr<state> state_;
};

namespace detail {

inline constexpr option_check redis_check{"redis_token_store_options"};

/// Returns the server of the options. Throws `errc::invalid_argument`.
inline redis_url checked_redis_url(redis_token_store_options const& options)
{
    redis_url result;
    try {
        result = read_redis_url(options.url.reveal());
    } catch (error const& e) {
        throw error(errc::invalid_argument, redis_check.name("url") + ": " + e.info().message);
    }
    redis_check.require(result.user.empty() || options.user.empty(), "user must be empty if url has a user");
    redis_check.require(!result.password || !options.password,
                        "password must be empty if url has a password");
    if (result.user.empty()) result.user = options.user;
    if (!result.password) result.password = options.password;
    redis_check.require(result.user.empty() || result.password, "password must be set with a user");
    return result;
}

inline void check_redis_tls(tls_options const& tls, bool secure)
{
    redis_check.require(secure || (tls.ca_file.empty() && tls.ca_pem.empty() && tls.certificate_file.empty()),
                        "url must begin with rediss:// when tls is set");
    redis_check.require(tls.key_file.empty() || !tls.certificate_file.empty(),
                        "tls.key_file needs tls.certificate_file; set both or neither");
}

inline std::chrono::milliseconds checked_redis_time(std::string_view member, std::chrono::milliseconds value)
{
    redis_check.not_zero(member, value);
    return redis_check.clamped(member, value);
}

/// Returns the options as a worker uses them. Throws `errc::invalid_argument`, which names the field.
inline redis_settings checked_redis(redis_token_store_options const& options)
{
    redis_settings result;
    result.server = checked_redis_url(options);
    result.connect_timeout = checked_redis_time("connect_timeout", options.connect_timeout);
    result.command_timeout = checked_redis_time("command_timeout", options.command_timeout);
    redis_check.require(options.key_prefix.size() <= 128 && all_visible(options.key_prefix),
                        "key_prefix must hold at most 128 visible ASCII characters");
    redis_check.require(options.encryption_key.empty() ||
                            options.encryption_key.size() == text_seal::key_size,
                        "encryption_key must have 32 bytes");
    check_redis_tls(options.tls, result.server.secure);
    if (result.server.secure) {
        result.tls = make_tls_context(options.tls, redis_check.type);
        // The protocol has no name for ALPN.
        ::SSL_CTX_set_alpn_protos(result.tls->native_handle(), nullptr, 0);
    }
    return result;
}

/// Returns a number that no other holder of a lock has.
inline secret unique_number()
{
    std::array<char, 16> bytes{};
    if (::RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
        throw error(errc::file_error, "no random numbers here");
    std::string text;
    for (char const byte : bytes)
        append_hex(text, byte);
    return secret::take(std::move(text));
}

/// Deletes a lock if it has the holder's value.
inline constexpr std::string_view redis_release = "if redis.call('get', KEYS[1]) == ARGV[1] then "
                                                  "return redis.call('del', KEYS[1]) else return 0 end";

/// Takes a lock that is free, or was taken with the same value.
inline constexpr std::string_view redis_acquire =
    "if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or "
    "redis.call('get', KEYS[1]) == ARGV[1] then return 'OK' else return false end";

} // namespace detail

/// A lock. The server may have it once `request` was sent, also if its response did not arrive.
class redis_token_store::held final : public lock
{
public:
    held(std::shared_ptr<detail::redis_worker> worker, secret const& name, std::chrono::milliseconds life)
        : worker_(std::move(worker)), life_(life)
    {
        auto const value = detail::unique_number();
        detail::redis_command words{secret("EVAL"), secret(detail::redis_release), secret("1"), name, value};
        release_.push_back(std::make_shared<detail::redis_worker::job>(std::move(words)));
        acquire = {secret("EVAL"), secret(detail::redis_acquire),       secret("1"), name,
                   value,          secret(std::to_string(life.count()))};
    }
    ~held() override
    {
        if (request) worker_->post(std::move(release_), std::move(request), life_);
    }

    detail::redis_command acquire;
    std::shared_ptr<detail::redis_worker::job> request;

private:
    std::shared_ptr<detail::redis_worker> worker_;
    std::chrono::milliseconds life_;
    // Made before it is needed: a destructor allocates nothing.
    detail::redis_worker::prepared release_;
};

/// The settings and the worker. Each coroutine owns them; it has no `this`.
struct redis_token_store::state
{
    using shared = std::shared_ptr<state>;
    using job = detail::redis_worker::job;

    static constexpr std::size_t largest = 1 << 20;
    static constexpr std::chrono::seconds patience{40};
    static constexpr std::chrono::milliseconds longest_pause{250};

    explicit state(redis_token_store_options const& options)
        : prefix(options.key_prefix), lock_life(detail::checked_redis_time("lock_life", options.lock_life)),
          worker(std::make_shared<detail::redis_worker>(detail::checked_redis(options)))
    {
        if (options.encryption_key) seal.emplace(options.encryption_key);
    }

    std::string name_of(std::string_view key) const { return prefix + detail::sha256_hex(key); }

    secret opened(std::string const& name, secret const& stored);
    secret sealed(std::string const& name, secret const& value) const;

    static awaitable<secret> load(shared self, std::string key);
    static awaitable<void> save(shared self, std::string key, secret value);
    static awaitable<void> remove(shared self, std::string key);
    static awaitable<std::unique_ptr<lock>> acquire(shared self, std::string key);

    std::string const prefix;
    std::chrono::milliseconds const lock_life;
    std::optional<detail::text_seal> seal;
    // A value was encrypted, and there is no key.
    std::atomic<bool> needs_key{false};
    detail::random_source random;
    std::shared_ptr<detail::redis_worker> const worker;
};

inline redis_token_store::redis_token_store(redis_token_store_options const& options)
    : state_(std::make_shared<state>(options))
{}

inline redis_token_store::~redis_token_store()
{
    detail::redis_worker::stop(state_->worker);
}

inline secret redis_token_store::state::opened(std::string const& name, secret const& stored)
{
    if (seal) {
        if (auto text = seal->open(name, stored.reveal())) return *text;
        throw error(errc::file_error, "a value of the token store cannot be decrypted with this "
                                      "encryption_key; it is replaced");
    }
    if (!detail::text_seal::is_sealed(stored.reveal())) return stored;
    needs_key = true;
    throw error(errc::file_error, "a value of the token store is encrypted, and encryption_key is empty");
}

inline secret redis_token_store::state::sealed(std::string const& name, secret const& value) const
{
    if (seal) return seal->seal(name, value.reveal());
    if (!needs_key) return value;
    throw error(errc::file_error, "nothing is saved: the token store has encrypted values, and "
                                  "encryption_key is empty");
}

inline token_store::awaitable<secret> redis_token_store::load(std::string key)
{
    return state::load(state_, std::move(key));
}

inline token_store::awaitable<void> redis_token_store::save(std::string key, secret value)
{
    return state::save(state_, std::move(key), std::move(value));
}

inline token_store::awaitable<void> redis_token_store::remove(std::string key)
{
    return state::remove(state_, std::move(key));
}

inline token_store::awaitable<std::unique_ptr<token_store::lock>> redis_token_store::acquire(std::string key)
{
    return state::acquire(state_, std::move(key));
}

inline token_store::awaitable<secret> redis_token_store::state::load(shared self, std::string key)
{
    auto const name = self->name_of(key);
    auto made = std::make_shared<job>(detail::redis_command{secret("GET"), secret(name)}, true);
    auto calling = detail::redis_worker::call(self->worker, std::move(made));
    auto const reply = co_await std::move(calling);
    if (reply.kind != detail::redis_reply::type::text) co_return secret();
    co_return self->opened(name, reply.text);
}

inline token_store::awaitable<void> redis_token_store::state::save(shared self, std::string key, secret value)
{
    if (value.size() > largest) throw error(errc::file_error, "a value for the token store is too large");
    auto const name = self->name_of(key);
    auto const life = detail::remaining_life(detail::read_stored(value));
    detail::redis_command words{secret("SET"), secret(name), self->sealed(name, value), secret("PX"),
                                secret(std::to_string(life.count()))};
    if (life.count() <= 0) words = {secret("DEL"), secret(name)};
    auto calling = detail::redis_worker::call(self->worker, std::make_shared<job>(std::move(words)));
    co_await std::move(calling);
}

inline token_store::awaitable<void> redis_token_store::state::remove(shared self, std::string key)
{
    detail::redis_command words{secret("DEL"), secret(self->name_of(key))};
    auto calling = detail::redis_worker::call(self->worker, std::make_shared<job>(std::move(words)));
    co_await std::move(calling);
}

inline token_store::awaitable<std::unique_ptr<token_store::lock>>
redis_token_store::state::acquire(shared self, std::string key)
{
    secret const name(self->name_of(key) + ":lock");
    auto taken = std::make_unique<held>(self->worker, name, self->lock_life);
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    auto const end = std::chrono::steady_clock::now() + patience;
    for (auto pause = std::chrono::milliseconds(2);; pause = std::min(2 * pause, longest_pause)) {
        taken->request = std::make_shared<job>(taken->acquire, true);
        auto calling = detail::redis_worker::call(self->worker, taken->request);
        auto const reply = co_await std::move(calling);
        if (reply.kind == detail::redis_reply::type::text) co_return std::move(taken);
        taken->request.reset();
        if (std::chrono::steady_clock::now() >= end)
            throw error(errc::file_error, "another process holds a lock of the token store");
        timer.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            (0.5 + self->random.next() / 2) * pause));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

}} // namespace practicus::v1
