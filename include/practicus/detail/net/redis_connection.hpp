// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/detail/net/redis_socket.hpp>
#include <practicus/detail/net/redis_url.hpp>
#include <practicus/error.hpp>
#include <practicus/secret.hpp>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ssl/context.hpp>

#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// The words of a command.
using redis_command = std::vector<secret>;

/// The response to a command.
struct redis_reply
{
    enum class type
    {
        /// Anything that the store does not ask for.
        other,
        nil,
        text,
        integer,
        /// The server refused the command.
        refusal
    };

    type kind = type::other;
    /// Of `text` and `refusal`. Untrusted: a refusal may quote the command.
    secret text;
    long long number = 0;
};

/// A connection of its own thread to a Redis server. hiredis writes and reads the protocol; the bytes go
/// through `redis_socket`, because hiredis before 1.0 has no TLS, and no hiredis verifies the host's name.
class redis_connection
{
public:
    using moment = redis_socket::moment;

    /// Connects, and logs in. `tls` is null for a plain connection.
    redis_connection(redis_url const& to, std::vector<boost::asio::ip::address> const& all,
                     boost::asio::ssl::context* tls, moment end)
        : socket_(all, to.port, end), reader_(::redisReaderCreateWithFunctions(functions()))
    {
        if (!reader_) throw std::bad_alloc();
        if (tls != nullptr) socket_.secure(tls->native_handle(), to.host, end);
        if (to.password) {
            redis_command login{secret("AUTH")};
            if (!to.user.empty()) login.emplace_back(to.user);
            login.push_back(to.password);
            (void)call(login, end);
        }
        if (to.database != 0) (void)call({secret("SELECT"), secret(std::to_string(to.database))}, end);
    }

    /// Sends a command and waits for its response. Throws `errc::server_error` for a refusal of the command,
    /// after which `is_usable()`; after any other exception it is not.
    redis_reply call(redis_command const& words, moment end)
    {
        usable_ = false;
        send(words, end);
        auto reply = receive(end);
        // More than one response to one command would be taken for that to the next.
        usable_ = reader_->pos == reader_->len;
        has_answered_ = true;
        if (reply.kind != redis_reply::type::refusal) return reply;
        auto const text = reply.text.reveal();
        if (is_of_server(text)) usable_ = false;
        throw error(errc::server_error, std::string(words.front().reveal()) + " was refused" + reason(text));
    }

    /// Returns true once the server has answered a command.
    bool has_answered() const noexcept { return has_answered_; }

    /// Returns false after a failed call, or if the server has closed the connection.
    bool is_usable() noexcept { return usable_ && socket_.is_quiet(); }

private:
    static constexpr std::size_t largest = 2 << 20;

    struct release
    {
        void operator()(redisReader* r) const noexcept
        {
            wipe(r->buf, r->buf != nullptr ? r->len : 0);
            ::redisReaderFree(r);
        }
    };

    /// Returns the code that begins a refusal, such as `: NOPERM`: the text behind it may quote a secret.
    static std::string reason(std::string_view text)
    {
        auto const word = text.substr(0, text.find(' '));
        bool const is_code =
            !word.empty() && word.size() <= 32 &&
            std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
        return is_code ? ": " + std::string(word) : std::string();
    }

    /// Returns true for a refusal of any command: another connection may lead to the server that replaces
    /// this one.
    static bool is_of_server(std::string_view text) noexcept
    {
        for (auto const* const code : {"READONLY", "MASTERDOWN", "LOADING", "NOAUTH"})
            if (text.starts_with(code)) return true;
        // Of a script, before Redis 7.
        return text.find(" -READONLY ") != text.npos;
    }

    void send(redis_command const& words, moment end)
    {
        std::vector<char const*> texts;
        std::vector<std::size_t> sizes;
        for (auto const& word : words) {
            texts.push_back(word.reveal().data());
            sizes.push_back(word.size());
        }
        char* made = nullptr;
        auto const size =
            ::redisFormatCommandArgv(&made, static_cast<int>(words.size()), texts.data(), sizes.data());
        if (size < 0) throw std::bad_alloc();
        std::string_view const text(made, static_cast<std::size_t>(size));
        auto const wiped = [&text](char* command) {
            wipe(command, text.size());
            ::redisFreeCommand(command);
        };
        std::unique_ptr<char, decltype(wiped)> const kept(made, wiped);
        socket_.write(text, end);
    }

    redis_reply receive(moment end)
    {
        redis_reply reply;
        reader_->privdata = &reply;
        std::array<char, 16384> piece{};
        for (std::size_t total = 0; total <= largest;) {
            void* whole = nullptr;
            if (::redisReaderGetReply(reader_.get(), &whole) != REDIS_OK)
                throw error(errc::malformed_response, "the response is not of a Redis server");
            if (whole != nullptr) return reply;
            auto const n = socket_.read(piece.data(), piece.size(), end);
            auto const fed = ::redisReaderFeed(reader_.get(), piece.data(), n);
            wipe(piece.data(), n);
            if (fed != REDIS_OK) throw std::bad_alloc();
            total += n;
        }
        throw error(errc::body_too_large, "the response is too large");
    }

    static redis_reply& reply_of(redisReadTask const* task) noexcept
    {
        return *static_cast<redis_reply*>(task->privdata);
    }

    /// Functions that fill the reply that the reader's `privdata` refers to. Elements of a list are dropped.
    static redisReplyObjectFunctions* functions() noexcept
    {
        static redisReplyObjectFunctions made = [] {
            redisReplyObjectFunctions f{};
            f.createString = [](redisReadTask const* task, char* text, std::size_t size) noexcept -> void* {
                bool const kept = task->parent != nullptr || set_text(reply_of(task), task, {text, size});
                // The reader does not read it again, and may forget its place.
                wipe(text, size);
                return kept ? task->privdata : nullptr;
            };
            f.createInteger = [](redisReadTask const* task, long long number) noexcept -> void* {
                if (task->parent == nullptr) {
                    reply_of(task).kind = redis_reply::type::integer;
                    reply_of(task).number = number;
                }
                return task->privdata;
            };
            f.createNil = [](redisReadTask const* task) noexcept -> void* {
                if (task->parent == nullptr) reply_of(task).kind = redis_reply::type::nil;
                return task->privdata;
            };
            // The type of the number of elements depends on the version.
            f.createArray = [](redisReadTask const* task, auto) -> void* { return task->privdata; };
            f.freeObject = [](void*) noexcept {};
            return f;
        }();
        return &made;
    }

    static bool set_text(redis_reply& reply, redisReadTask const* task, std::string_view text) noexcept
    try {
        reply.kind = task->type == REDIS_REPLY_ERROR ? redis_reply::type::refusal : redis_reply::type::text;
        reply.text = secret(text);
        return true;
    } catch (std::bad_alloc const&) {
        return false;
    }

    redis_socket socket_;
    std::unique_ptr<redisReader, release> reader_;
    bool usable_ = true;
    bool has_answered_ = false;
};

}}} // namespace practicus::v1::detail
