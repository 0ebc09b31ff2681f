// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "lean_service.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace bench {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

template <class Stream>
struct session : std::enable_shared_from_this<session<Stream>>
{
    template <class... Args>
    explicit session(lean_answers& answers, Args&&... args)
        : answers_(answers), stream(std::forward<Args>(args)...)
    {}

    void read()
    {
        stream.async_read_some(asio::buffer(in_.data() + size_, in_.size() - size_),
                               [self = this->shared_from_this()](auto code, std::size_t n) {
                                   if (!code) self->take(n);
                               });
    }

    /// Clients do not pipeline, so the buffered bytes belong to one request.
    void take(std::size_t n)
    {
        auto const before = size_;
        size_ += n;
        if (in_body_) return skip_body();
        std::string_view const bytes(in_.data(), size_);
        auto const end = bytes.find("\r\n\r\n", before < 3 ? 0 : before - 3);
        // A head that does not fit ends the connection.
        if (end == bytes.npos) return size_ == in_.size() ? void() : read();
        auto const head = bytes.substr(0, end);
        answer_ = answers_.find(head);
        // The peers' exchange has no body.
        body_left_ = head.starts_with("GET /console/api/central/") ? 0 : body_size(head);
        size_ -= end + 4;
        skip_body();
    }

    static std::size_t body_size(std::string_view head)
    {
        auto const text = field(head, "content-length");
        std::size_t size = 0;
        std::from_chars(text.data(), text.data() + text.size(), size);
        return size;
    }

    void skip_body()
    {
        body_left_ -= std::min(size_, body_left_);
        size_ = 0;
        in_body_ = body_left_ != 0;
        if (in_body_ || answer_ == nullptr) return read();
        write();
    }

    void write()
    {
        asio::async_write(stream, asio::buffer(*answer_),
                          [self = this->shared_from_this()](auto code, std::size_t) {
                              if (!code) self->read();
                          });
    }

    lean_answers& answers_;
    std::string const* answer_ = nullptr;
    std::size_t size_ = 0;
    std::size_t body_left_ = 0;
    bool in_body_ = false;
    std::array<char, 65536> in_;
    Stream stream;
};

using socket = asio::basic_stream_socket<tcp, asio::io_context::executor_type>;
using plain_session = session<socket>;
using tls_session = session<asio::ssl::stream<socket>>;

template <class Begin>
void accept(lean_service::acceptor& from, Begin begin)
{
    from.async_accept([&from, begin](auto code, socket accepted) {
        if (code) return;
        accepted.set_option(tcp::no_delay(true));
        begin(std::move(accepted));
        accept(from, begin);
    });
}

} // namespace

lean_service::lean_service(asio::io_context& io, practicus::mock::certificate const& certificate,
                           std::size_t models)
    : answers_(models), tls_(asio::ssl::context::tls_server),
      plain_port_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      tls_port_(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0))
{
    tls_.use_certificate_chain(asio::buffer(certificate.pem()));
    tls_.use_private_key(asio::buffer(certificate.key_pem()), asio::ssl::context::pem);
    accept(plain_port_,
           [this](socket s) { std::make_shared<plain_session>(answers_, std::move(s))->read(); });
    accept(tls_port_, [this](socket s) {
        auto const begun = std::make_shared<tls_session>(answers_, std::move(s), tls_);
        begun->stream.async_handshake(asio::ssl::stream_base::server, [begun](auto code) {
            if (!code) begun->read();
        });
    });
}

std::uint16_t lean_service::port(bool tls) const
{
    return (tls ? tls_port_ : plain_port_).local_endpoint().port();
}

} // namespace bench
