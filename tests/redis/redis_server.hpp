// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"
#include "temporary_folder.hpp"

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/// A socket that listens on a free port of 127.0.0.1, and accepts nothing by itself.
class silent_server
{
public:
    silent_server() : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        REQUIRE(::bind(descriptor_, reinterpret_cast<sockaddr*>(&at), size) == 0);
        REQUIRE(::listen(descriptor_, 64) == 0);
        REQUIRE(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
        port = ntohs(at.sin_port);
    }
    silent_server(silent_server const&) = delete;
    silent_server& operator=(silent_server const&) = delete;
    ~silent_server() { ::close(descriptor_); }

    /// Takes the connections that were made so far, and returns their number.
    int accepted() const
    {
        int count = 0;
        for (int one = -1; (one = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ++count)
            ::close(one);
        return count;
    }

    /// Lets `accepted` return at once.
    void do_not_block() const
    {
        timeval const soon{0, 1000};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &soon, sizeof soon);
    }

    std::uint16_t port = 0;

protected:
    int descriptor_;
};

/// Answers the commands with these texts in their order. For an empty one it closes the connection instead.
class scripted_server : silent_server
{
public:
    explicit scripted_server(std::vector<std::string> replies) : replies_(std::move(replies))
    {
        // A test that fails ends.
        timeval const late{30, 0};
        ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &late, sizeof late);
        thread_ = std::thread([this] { answer(); });
    }
    ~scripted_server() { thread_.join(); }

    using silent_server::port;

private:
    void answer() const
    {
        int one = -1;
        for (auto const& reply : replies_) {
            if (one < 0) one = ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC);
            char command[4096];
            if (::recv(one, command, sizeof command, 0) <= 0) break;
            if (reply.empty())
                ::close(std::exchange(one, -1));
            else
                (void)!::send(one, reply.data(), reply.size(), MSG_NOSIGNAL);
        }
        if (one >= 0) ::close(one);
    }

    std::vector<std::string> replies_;
    std::thread thread_;
};

/// A process of `redis-server` on a free port of 127.0.0.1, which keeps its data in a folder of its own.
class redis_server
{
public:
    /// `lines` are of its configuration. `tls`: it speaks TLS only.
    explicit redis_server(std::vector<std::string> const& lines = {}, bool tls = false) : tls_(tls)
    {
        std::ofstream conf(folder.path / "redis.conf");
        conf << "bind 127.0.0.1\nsave \"\"\nappendonly yes\nappendfsync always\ndir " << folder.path.string()
             << "\nlogfile log\n";
        for (auto const& line : lines)
            conf << line << '\n';
        conf.close();
        port = silent_server().port;
        start();
    }
    redis_server(redis_server const&) = delete;
    redis_server& operator=(redis_server const&) = delete;
    ~redis_server() { stop(); }

    void start()
    {
        std::vector<std::string> words{"redis-server", (folder.path / "redis.conf").string(), "--port",
                                       tls_ ? "0" : std::to_string(port)};
        if (tls_) words.insert(words.end(), {"--tls-port", std::to_string(port)});
        std::vector<char*> arguments;
        for (auto& word : words)
            arguments.push_back(word.data());
        arguments.push_back(nullptr);
        // An aborted test leaves the server behind, which must not hold the test's output open.
        posix_spawn_file_actions_t actions;
        REQUIRE(::posix_spawn_file_actions_init(&actions) == 0);
        for (int const descriptor : {STDOUT_FILENO, STDERR_FILENO})
            ::posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_WRONLY, 0);
        int const failed =
            ::posix_spawnp(&process_, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        REQUIRE(failed == 0);
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!accepts()) {
            if (std::chrono::steady_clock::now() >= end) FAIL("redis-server does not start");
            std::this_thread::yield();
        }
    }

    void stop()
    {
        if (process_ <= 0) return;
        send(SIGCONT);
        send(SIGTERM);
        ::waitpid(process_, nullptr, 0);
        process_ = 0;
    }

    /// After a start with data, the server refuses commands for a moment.
    void wait_until_loaded() const
    {
        auto const end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (cli("ping") != "PONG")
            if (std::chrono::steady_clock::now() >= end) FAIL("redis-server does not load its data");
    }

    void send(int signal) const { ::kill(process_, signal); }

    std::string url(std::string const& login = {}) const
    {
        return (tls_ ? "rediss://" : "redis://") + login + "127.0.0.1:" + std::to_string(port);
    }

    /// Returns what `redis-cli` prints, without the last line end.
    std::string cli(std::string const& words) const
    {
        auto const command = "redis-cli -p " + std::to_string(port) + ' ' + words;
        auto* const from = ::popen(command.c_str(), "r");
        REQUIRE(from != nullptr);
        std::string text;
        for (int c = std::fgetc(from); c != EOF; c = std::fgetc(from))
            text += static_cast<char>(c);
        ::pclose(from);
        if (text.ends_with('\n')) text.pop_back();
        return text;
    }

    /// Returns the only key of the database.
    std::string key() const { return cli("keys '*'"); }

    temporary_folder folder;
    std::uint16_t port = 0;

private:
    bool accepts() const
    {
        int const one = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        at.sin_port = htons(port);
        bool const connected = ::connect(one, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0;
        ::close(one);
        return connected;
    }

    bool tls_;
    pid_t process_ = 0;
};
