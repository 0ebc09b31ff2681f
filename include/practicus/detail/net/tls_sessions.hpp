// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

struct tls_session_deleter
{
    void operator()(SSL_SESSION* s) const noexcept { ::SSL_SESSION_free(s); }
};

using tls_session = std::unique_ptr<SSL_SESSION, tls_session_deleter>;

/// The saved TLS sessions of one origin. Resumption saves a round trip and the certificate. Must outlive the
/// connections that are `bound` to it. Thread safety: full.
class tls_sessions
{
public:
    static constexpr std::size_t most = 16;

    tls_sessions() { kept_.reserve(most); }
    tls_sessions(tls_sessions const&) = delete;
    tls_sessions& operator=(tls_sessions const&) = delete;

    /// Installs the callback of a context, which saves each session where its connection is bound. Call it
    /// once.
    static void listen(SSL_CTX* context) noexcept
    {
        ::SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        ::SSL_CTX_sess_set_new_cb(context, [](SSL* connection, SSL_SESSION* fresh) {
            auto* const self = static_cast<tls_sessions*>(::SSL_get_ex_data(connection, index()));
            if (self == nullptr) return 0;
            self->keep(tls_session(fresh));
            return 1; // ownership taken
        });
    }

    void bind(SSL* connection) noexcept { ::SSL_set_ex_data(connection, index(), this); }

    /// Returns the newest session, or null. A session of TLS 1.3 is used once (RFC 8446 appendix C.4).
    tls_session take()
    {
        std::lock_guard lock(mutex_);
        while (!kept_.empty()) {
            if (!::SSL_SESSION_is_resumable(kept_.back().get())) {
                kept_.pop_back();
                continue;
            }
            if (::SSL_SESSION_get_protocol_version(kept_.back().get()) >= TLS1_3_VERSION) {
                auto result = std::move(kept_.back());
                kept_.pop_back();
                return result;
            }
            ::SSL_SESSION_up_ref(kept_.back().get());
            return tls_session(kept_.back().get());
        }
        return nullptr;
    }

    /// Saves the session that replaced `resumed`, if any. Called after a handshake that resumed a session.
    /// With TLS 1.2, OpenSSL does not report the new ticket of a resumed handshake, and cannot resume the old
    /// session again.
    void keep_successor(SSL* connection, SSL_SESSION const* resumed) noexcept
    {
        bool const is_reported = ::SSL_version(connection) >= TLS1_3_VERSION;
        if (is_reported || ::SSL_session_reused(connection) != 1 || ::SSL_get0_session(connection) == resumed)
            return;
        keep(tls_session(::SSL_get1_session(connection)));
    }

    /// Forgets all sessions.
    void drop() noexcept
    {
        std::lock_guard lock(mutex_);
        kept_.clear();
    }

private:
    static int index() noexcept
    {
        static int const value = ::SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
        return value;
    }

    void keep(tls_session fresh) noexcept
    {
        std::lock_guard lock(mutex_);
        if (kept_.size() == most) kept_.erase(kept_.begin());
        kept_.push_back(std::move(fresh));
    }

    std::mutex mutex_;
    std::vector<tls_session> kept_;
};

}}} // namespace practicus::v1::detail
