// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

#include <openssl/crypto.h>
#include <termios.h>
#include <unistd.h>

/// Asks on the terminal, without echo for a secret.
inline std::string ask(char const* question, bool secret = false)
{
    struct silence
    {
        explicit silence(bool on) : active(on && ::tcgetattr(STDIN_FILENO, &before) == 0)
        {
            if (!active) return;
            auto quiet = before;
            quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
        }
        ~silence()
        {
            if (!active) return;
            ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
            std::cerr << '\n';
        }
        termios before{};
        bool active;
    };
    std::cerr << question << ": " << std::flush;
    silence const quiet(secret);
    std::string answer;
    if (!std::getline(std::cin, answer)) throw std::runtime_error("no answer");
    return answer;
}

/// From PRT_TOKEN, or PRT_EMAIL and PRT_PASSWORD, or the terminal.
inline practicus::credentials ask_credentials()
{
    if (auto found = practicus::credentials::from_environment()) return *found;
    if (::isatty(STDIN_FILENO) == 0)
        throw std::runtime_error(
            "set PRT_TOKEN, or PRT_EMAIL and PRT_PASSWORD: there is no terminal to ask on");
    auto const email = ask("E-mail");
    auto password = ask("Password", true);
    auto who = practicus::credentials::password(email, password);
    OPENSSL_cleanse(password.data(), password.size());
    return who;
}
