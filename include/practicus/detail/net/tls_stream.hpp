// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/system/error_code.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <new>

#include <sys/socket.h>

namespace practicus { inline namespace v1 { namespace detail {

/// The client side of TLS over a connected socket. OpenSSL reads and writes the socket without waiting; after
/// `would_block`, repeat the call when the socket is ready for `wanted()`. One call at a time. The socket and
/// the context must outlive the stream. (Asio's `ssl::stream` holds 68 KiB of buffers per connection, and
/// copies all bytes through them.)
class tls_stream
{
public:
    using error_code = boost::system::error_code;

    /// Throws `std::bad_alloc`.
    tls_stream(boost::asio::ip::tcp::socket& socket, SSL_CTX* context)
        : tls_stream(socket.native_handle(), context)
    {}

    /// Throws `std::bad_alloc`.
    tls_stream(int descriptor, SSL_CTX* context) : ssl_(::SSL_new(context)), descriptor_(descriptor)
    {
        auto* const bio = ssl_ ? ::BIO_new(method()) : nullptr;
        if (bio == nullptr) throw std::bad_alloc();
        ::BIO_set_data(bio, this);
        ::BIO_set_init(bio, 1);
        ::SSL_set_bio(ssl_.get(), bio, bio);
        ::SSL_set_connect_state(ssl_.get());
        ::SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                       SSL_MODE_RELEASE_BUFFERS);
        // Otherwise each record takes two reads.
        ::SSL_set_read_ahead(ssl_.get(), 1);
    }
    tls_stream(tls_stream const&) = delete;
    tls_stream& operator=(tls_stream const&) = delete;

    SSL* native_handle() const noexcept { return ssl_.get(); }

    void handshake(error_code& code) noexcept
    {
        begin();
        code = ended(::SSL_do_handshake(ssl_.get()));
    }

    /// Reads at most one record. Ends with `eof` after close_notify, with `stream_truncated` without it.
    std::size_t read_some(boost::asio::mutable_buffer to, error_code& code) noexcept
    {
        std::size_t n = 0;
        begin();
        code = ended(::SSL_read_ex(ssl_.get(), to.data(), to.size(), &n));
        return n;
    }

    /// Writes at most one record. After `would_block`, it must be repeated with the same bytes.
    std::size_t write_some(boost::asio::const_buffer from, error_code& code) noexcept
    {
        std::size_t n = 0;
        begin();
        code = ended(::SSL_write_ex(ssl_.get(), from.data(), std::min(from.size(), record), &n));
        return n;
    }

    /// Returns the readiness to wait for. A read may have to write, and vice versa.
    boost::asio::socket_base::wait_type wanted() const noexcept
    {
        return ::SSL_want(ssl_.get()) == SSL_WRITING ? boost::asio::socket_base::wait_write
                                                     : boost::asio::socket_base::wait_read;
    }

    /// Reads the available bytes between two exchanges. Returns true if they contain more than session
    /// tickets.
    bool has_stray() noexcept
    {
        char byte = 0;
        std::size_t n = 0;
        begin();
        auto const code = ended(::SSL_peek_ex(ssl_.get(), &byte, 1, &n));
        return code != boost::asio::error::would_block || reads_left_ == 0 || has_pending();
    }

    /// Returns true if bytes were read from the socket but not yet from the stream.
    bool has_pending() const noexcept { return ::SSL_has_pending(ssl_.get()) == 1; }

private:
    /// The maximum size of a record (RFC 8446 section 5.1).
    static constexpr std::size_t record = 16384;

    // A peer that sends session tickets as fast as they are read must not occupy the thread: no deadline
    // could expire.
    static constexpr int reads_at_once = 8;

    struct deleter
    {
        void operator()(SSL* s) const noexcept { ::SSL_free(s); }
    };

    void begin() noexcept
    {
        ::ERR_clear_error();
        failure_ = 0;
        reads_left_ = reads_at_once;
    }

    /// Converts the result of the last call of OpenSSL.
    error_code ended(int result) noexcept
    {
        namespace error = boost::asio::error;
        if (result == 1) return {};
        switch (::SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
        case SSL_ERROR_WANT_WRITE: return error::would_block;
        case SSL_ERROR_ZERO_RETURN: return error::eof;
        case SSL_ERROR_SYSCALL:
            if (failure_ != 0) return {failure_, error::get_system_category()};
            return boost::asio::ssl::error::stream_truncated;
        default: break;
        }
        auto const why = static_cast<int>(::ERR_get_error());
        if (why == 0) return boost::asio::ssl::error::unexpected_result;
        return {why, error::get_ssl_category()};
    }

    // OpenSSL's own BIO for a socket raises SIGPIPE.
    static BIO_METHOD* method()
    {
        static BIO_METHOD* const made = make_method();
        if (made == nullptr) throw std::bad_alloc();
        return made;
    }

    /// Never freed: connections in static objects may outlive any owner.
    static BIO_METHOD* make_method() noexcept
    {
        auto* const m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "practicus");
        if (m == nullptr) return nullptr;
        ::BIO_meth_set_read(m, [](BIO* bio, char* to, int size) {
            if (of(bio).reads_left_ == 0) {
                ::BIO_clear_retry_flags(bio);
                ::BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
                return -1;
            }
            --of(bio).reads_left_;
            return done(bio, ::recv(of(bio).descriptor_, to, static_cast<std::size_t>(size), MSG_DONTWAIT),
                        BIO_FLAGS_READ);
        });
        ::BIO_meth_set_write(m, [](BIO* bio, char const* from, int size) {
            return done(bio,
                        ::send(of(bio).descriptor_, from, static_cast<std::size_t>(size),
                               MSG_DONTWAIT | MSG_NOSIGNAL),
                        BIO_FLAGS_WRITE);
        });
        ::BIO_meth_set_ctrl(
            m, [](BIO*, int what, long, void*) -> long { return what == BIO_CTRL_FLUSH ? 1 : 0; });
        return m;
    }

    static tls_stream& of(BIO* bio) noexcept { return *static_cast<tls_stream*>(::BIO_get_data(bio)); }

    static int done(BIO* bio, ssize_t result, int direction) noexcept
    {
        ::BIO_clear_retry_flags(bio);
        if (result >= 0) return static_cast<int>(result);
        if (errno == EAGAIN || errno == EINTR)
            ::BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY);
        else
            of(bio).failure_ = errno;
        return -1;
    }

    std::unique_ptr<SSL, deleter> ssl_;
    int descriptor_;
    // The error of the system call that failed within OpenSSL.
    int failure_ = 0;
    int reads_left_ = 0;
};

}}} // namespace practicus::v1::detail
