// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "lean_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/wait.h>
#include <unistd.h>

namespace bench {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// What the server answers, whatever it is asked: 600 bytes of JSON around a token.
std::string answer_body()
{
    std::string body = R"({"NAME":"eyJ)";
    std::string const end = R"(","REGION_NAME":"benchmark"})";
    while (body.size() + end.size() < 600)
        body += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[body.size() % 64];
    return body + end;
}

template <class Stream>
struct session : std::enable_shared_from_this<session<Stream>>
{
    template <class... Args>
    explicit session(std::string const& answer, Args&&... args)
        : answer_(answer), stream(std::forward<Args>(args)...)
    {}

    void read()
    {
        stream.async_read_some(asio::buffer(in_),
                               [self = this->shared_from_this()](auto code, std::size_t n) {
                                   if (!code) self->take({self->in_.data(), n});
                               });
    }

    void take(std::string_view bytes)
    {
        constexpr std::string_view end = "\r\n\r\n";
        for (char const c : bytes) {
            matched_ = c == end[matched_] ? matched_ + 1 : c == end[0] ? 1 : 0;
            if (matched_ != end.size()) continue;
            matched_ = 0;
            // Nobody sends a request before the last is answered.
            return write();
        }
        read();
    }

    void write()
    {
        asio::async_write(stream, asio::buffer(answer_),
                          [self = this->shared_from_this()](auto code, std::size_t) {
                              if (!code) self->read();
                          });
    }

    std::string const& answer_;
    std::array<char, 8192> in_;
    std::size_t matched_ = 0;
    Stream stream;
};

using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;
using plain_session = session<socket>;
using tls_session = session<asio::ssl::stream<socket>>;

template <class Begin>
void accept(acceptor& from, Begin begin)
{
    from.async_accept([&from, begin](auto code, socket accepted) {
        if (code) return;
        accepted.set_option(tcp::no_delay(true));
        begin(std::move(accepted));
        accept(from, begin);
    });
}

} // namespace

lean_server::lean_server() : authority_(), certificate_(authority_.issue())
{
    std::array<int, 2> up{}, down{};
    if (::pipe(up.data()) != 0 || ::pipe(down.data()) != 0) throw std::runtime_error("no pipe");
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("no process");
    if (process_ == 0) {
        ::close(up[0]);
        ::close(down[1]);
        serve(up[1], down[0]);
        ::_exit(0);
    }
    ::close(up[1]);
    ::close(down[0]);
    held_ = down[1];
    if (::read(up[0], ports_.data(), sizeof ports_) != sizeof ports_) throw std::runtime_error("no server");
    ::close(up[0]);
}
lean_server::~lean_server()
{
    ::close(held_);
    ::waitpid(process_, nullptr, 0);
}

void lean_server::serve(int up, int down)
{
    asio::io_context io{1};
    asio::ssl::context tls(asio::ssl::context::tls_server);
    tls.use_certificate_chain(asio::buffer(certificate_.pem()));
    tls.use_private_key(asio::buffer(certificate_.key_pem()), asio::ssl::context::pem);
    auto const body = answer_body();
    auto const answer = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: lean\r\n"
                        "Content-Type: application/json\r\nContent-Length: " +
                        std::to_string(body.size()) +
                        "\r\nVary: Accept\r\nAllow: GET, HEAD, OPTIONS\r\n\r\n" + body;
    tcp::endpoint const any(asio::ip::address_v4::loopback(), 0);
    acceptor plain_port(io, any), tls_port(io, any);
    accept(plain_port, [&](socket s) { std::make_shared<plain_session>(answer, std::move(s))->read(); });
    accept(tls_port, [&](socket s) {
        auto const begun = std::make_shared<tls_session>(answer, std::move(s), tls);
        begun->stream.async_handshake(asio::ssl::stream_base::server, [begun](auto code) {
            if (!code) begun->read();
        });
    });
    std::array<std::uint16_t, 2> const ports{plain_port.local_endpoint().port(),
                                             tls_port.local_endpoint().port()};
    if (::write(up, ports.data(), sizeof ports) != sizeof ports) return;
    ::close(up);
    // Ends with the process that it serves, however that ends.
    asio::posix::stream_descriptor parent(io, down);
    char ignored = 0;
    parent.async_read_some(asio::buffer(&ignored, 1), [&](auto, std::size_t) { io.stop(); });
    io.run();
}

} // namespace bench
