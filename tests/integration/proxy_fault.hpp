// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

/// The fault of a proxy, which writes these bytes instead of serving a request, and then does `then`.
class proxy_fault
{
public:
    enum class then
    {
        /// Closes.
        close,
        /// Takes the connection's next request.
        keep,
        /// Does nothing more until the client goes.
        stall,
        /// Writes the same bytes again and again until the client goes.
        repeat,
        /// Serves it: the tunnel begins behind what was written.
        tunnel
    };

    explicit proxy_fault(std::string bytes, then next = then::close) : bytes_(std::move(bytes)), next_(next)
    {}

    /// A refusal with a page; the connection stays.
    static proxy_fault refuse(unsigned status)
    {
        std::string const page = "<html>the proxy's page</html>";
        return proxy_fault("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Type: text/html\r\n" +
                               "Content-Length: " + std::to_string(page.size()) + "\r\n\r\n" + page,
                           then::keep);
    }
    static proxy_fault garbage() { return proxy_fault("220 mail.company.com ESMTP\r\n"); }
    static proxy_fault cut() { return proxy_fault("HTTP/1.1 200 Connection est"); }
    static proxy_fault closed() { return proxy_fault(""); }
    static proxy_fault stalled() { return proxy_fault("", then::stall); }
    static proxy_fault stalled_in_head() { return proxy_fault("HTTP/1.1 200 OK\r\nVia: ", then::stall); }
    /// A head that never ends.
    static proxy_fault endless() { return proxy_fault("HTTP/1.1 200 OK\r\n", then::repeat); }
    /// A whole head that is over every limit.
    static proxy_fault oversized(std::size_t bytes)
    {
        return proxy_fault("HTTP/1.1 200 OK\r\nX-Filler: " + std::string(bytes, 'x') + "\r\n\r\n",
                           then::tunnel);
    }
    /// A good tunnel with framing fields in its answer: a client ignores them (RFC 9110 section 9.3.6).
    static proxy_fault with_content_length()
    {
        return proxy_fault("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", then::tunnel);
    }
    static proxy_fault with_chunked()
    {
        return proxy_fault("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", then::tunnel);
    }
    /// Bytes behind the answer that the server did not send.
    static proxy_fault with_extra(std::string_view extra = "hello")
    {
        return proxy_fault("HTTP/1.1 200 OK\r\n\r\n" + std::string(extra), then::tunnel);
    }
    /// An interim answer before the final one.
    static proxy_fault with_interim()
    {
        return proxy_fault("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", then::tunnel);
    }

    std::string const& bytes() const noexcept { return bytes_; }
    then next() const noexcept { return next_; }

private:
    std::string bytes_;
    then next_;
};
