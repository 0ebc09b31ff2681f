// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "peer.hpp"

#include "../epoll_pacer.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace bench { namespace {

[[noreturn]] void fail(char const* what)
{
    throw std::system_error(errno, std::generic_category(), what);
}

/// Sends constant bytes and counts those of the constant response: the cost of server, system and machine
/// alone.
class bare_loop final : public loop
{
public:
    explicit bare_loop(loop_options const& options)
        : request_("GET /console/api/central/clusterdefinition/ HTTP/1.1\r\nHost: 127.0.0.1:" +
                   std::to_string(options.server.port) +
                   "\r\nUser-Agent: benchmark/1.0\r\nAccept: application/json\r\nAuthorization: Bearer " +
                   options.bearer + "\r\n\r\n"),
          epoll_(::epoll_create1(EPOLL_CLOEXEC)), alarm_(epoll_)
    {
        if (options.server.tls) throw std::invalid_argument("no TLS");
        for (std::size_t i = 0; i != options.connections; ++i)
            connections_.push_back({connect(options.server.port)});
        for (auto& c : connections_) {
            epoll_event event{};
            event.events = EPOLLIN | EPOLLET;
            event.data.ptr = &c;
            if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.socket, &event) != 0) fail("epoll_ctl");
        }
        learn_length(connections_.front());
        exchange({.each = 1});
    }
    bare_loop(bare_loop const&) = delete;
    bare_loop& operator=(bare_loop const&) = delete;

    ~bare_loop() override
    {
        for (auto const& c : connections_)
            ::close(c.socket);
        ::close(epoll_);
    }

    std::size_t open() const override { return connections_.size(); }

    std::size_t exchange(quota const& much) override
    {
        std::size_t done = 0, running = connections_.size();
        for (auto& c : connections_) {
            c.done = 0;
            send(c);
        }
        while (running != 0) {
            for (auto* const c : wait(-1)) {
                ++done;
                if (much.goes_on(++c->done))
                    send(*c);
                else
                    --running;
            }
        }
        return done;
    }

    void arrive(arrivals const& when, histogram& latency_ns) override
    {
        std::vector<connection*> idle;
        for (auto& c : connections_)
            idle.push_back(&c);
        epoll_pacer pacer(alarm_, when);
        while (!pacer.all_begun() || idle.size() != connections_.size()) {
            pacer.begin_due(idle, [&](connection& c) { send(c); });
            for (auto* const c : wait(pacer.sleep(-1, idle.empty()))) {
                latency_ns.record(static_cast<std::uint64_t>((steady::now() - c->due).count()));
                idle.push_back(c);
            }
        }
    }

private:
    struct connection
    {
        int socket;
        std::size_t got = 0;
        std::size_t done = 0;
        steady::time_point due{};
    };

    static int connect(std::uint16_t port)
    {
        auto const s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int const yes = 1;
        if (s < 0 || ::connect(s, reinterpret_cast<sockaddr const*>(&to), sizeof to) != 0 ||
            ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0)
            fail("connect");
        return s;
    }

    void send(connection& c)
    {
        c.got = 0;
        if (::send(c.socket, request_.data(), request_.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(request_.size()))
            fail("send");
    }

    void learn_length(connection& c)
    {
        send(c);
        std::string answer;
        std::size_t head = 0;
        while (head == 0) {
            auto const n = ::recv(c.socket, buffer_.data(), buffer_.size(), 0);
            if (n <= 0) fail("recv");
            answer.append(buffer_.data(), static_cast<std::size_t>(n));
            auto const end = answer.find("\r\n\r\n");
            if (end != std::string::npos) head = end + 4;
        }
        constexpr std::string_view name = "\r\nContent-Length: ";
        auto const field = answer.find(name);
        std::size_t body = 0;
        if (!answer.starts_with("HTTP/1.1 200") || field > head ||
            std::from_chars(answer.data() + field + name.size(), answer.data() + head, body).ec !=
                std::errc())
            throw std::runtime_error("a wrong answer");
        length_ = head + body;
        while (answer.size() < length_) {
            auto const n = ::recv(c.socket, buffer_.data(), buffer_.size(), 0);
            if (n <= 0) fail("recv");
            answer.append(buffer_.data(), static_cast<std::size_t>(n));
        }
    }

    /// Those whose answer has come.
    std::vector<connection*> const& wait(int milliseconds)
    {
        std::array<epoll_event, 256> events{};
        ended_.clear();
        auto const n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), milliseconds);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; ++i) {
            auto const& e = events[static_cast<std::size_t>(i)];
            if (e.data.u64 == 0) continue;
            auto& c = *static_cast<connection*>(e.data.ptr);
            auto const got = ::recv(c.socket, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0) fail("recv");
            c.got += static_cast<std::size_t>(got);
            require_right(c.got <= length_);
            if (c.got == length_) ended_.push_back(&c);
        }
        return ended_;
    }

    std::string request_;
    int epoll_;
    epoll_alarm alarm_;
    std::vector<connection> connections_;
    std::vector<connection*> ended_;
    std::array<char, 8192> buffer_;
    std::size_t length_ = 0;
};

} // namespace
} // namespace bench

int main(int argc, char** argv)
{
    auto const make = [](bench::loop_options const& o) { return std::make_unique<bench::bare_loop>(o); };
    return bench::run({"bare sockets", bench::library_versions(), make, {}}, argc, argv);
}
