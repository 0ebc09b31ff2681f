// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/crypto.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/// Returns true for a terminal that can move its cursor and show colours.
inline bool is_screen(int descriptor)
{
    auto const* const type = std::getenv("TERM");
    return ::isatty(descriptor) != 0 && (type == nullptr || std::string_view(type) != "dumb");
}

/// Switches the terminal's echo off, until it is destroyed or a signal ends the program.
class silence
{
public:
    silence()
    {
        if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
        active_ = true;
        struct sigaction act = {};
        act.sa_handler = [](int number) {
            ::tcsetattr(STDIN_FILENO, TCSANOW, &before_);
            ::raise(number); // once this handler, which is for one time, has returned
        };
        act.sa_flags = static_cast<int>(SA_RESETHAND);
        for (std::size_t i = 0; i != signals.size(); ++i) {
            ::sigaction(signals[i], nullptr, &handlers_[i]);
            if (handlers_[i].sa_handler != SIG_IGN) ::sigaction(signals[i], &act, nullptr);
        }
        auto quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    silence(silence const&) = delete;
    silence& operator=(silence const&) = delete;
    ~silence()
    {
        if (!active_) return;
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
        for (std::size_t i = 0; i != signals.size(); ++i)
            ::sigaction(signals[i], &handlers_[i], nullptr);
        std::cerr << '\n';
    }

private:
    static constexpr std::array signals{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    static inline termios before_{}; // for the handler
    struct sigaction handlers_[signals.size()] = {};
    bool active_ = false;
};

/// In bytes: a secret up to that leaves no copy behind while it is read.
inline constexpr std::size_t longest_secret = 4096;

/// Asks on the terminal, without echo for a secret.
inline std::string ask(char const* question, bool secret = false)
{
    // Echo is off first: text typed at once must be neither shown nor lost.
    std::optional<silence> quiet;
    if (secret) quiet.emplace();
    std::cerr << question << ": " << std::flush;
    std::string answer;
    if (secret) answer.reserve(longest_secret);
    if (!std::getline(std::cin, answer)) throw std::runtime_error("no answer");
    return answer;
}

/// From PRT_TOKEN, or PRT_EMAIL and PRT_PASSWORD, or the terminal.
inline practicus::credentials ask_credentials()
{
    if (auto found = practicus::credentials_from_environment()) return *found;
    if (::isatty(STDIN_FILENO) == 0)
        throw std::runtime_error(
            "set PRT_TOKEN, or PRT_EMAIL and PRT_PASSWORD: there is no terminal to ask on");
    auto const email = ask("E-mail");
    auto password = ask("Password", true);
    auto user = practicus::credentials::password(email, password);
    OPENSSL_cleanse(password.data(), password.size());
    return user;
}
