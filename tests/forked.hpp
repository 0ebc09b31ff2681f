// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"

#include <array>
#include <string>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/// Runs a function in a forked child, which then calls `_exit`. Returns its status, as `waitpid` does.
template <class F>
int run_forked(F const& act)
{
    auto const child = ::fork();
    if (child == 0) {
        [&]() noexcept { act(); }();
        ::_exit(0);
    }
    REQUIRE(child > 0);
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    return status;
}

/// Starts one test of this program in another process, with further variables in its environment.
inline pid_t start_test(std::string name, std::vector<std::string> variables)
{
    std::vector<char*> environment;
    for (char** v = environ; *v != nullptr; ++v)
        environment.push_back(*v);
    for (auto& v : variables)
        environment.push_back(v.data());
    environment.push_back(nullptr);
    std::string program = "/proc/self/exe";
    std::array<char*, 3> arguments{program.data(), name.data(), nullptr};
    pid_t child = 0;
    posix_spawn_file_actions_t quiet;
    ::posix_spawn_file_actions_init(&quiet);
    ::posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    auto const failed =
        ::posix_spawn(&child, program.c_str(), &quiet, nullptr, arguments.data(), environment.data());
    ::posix_spawn_file_actions_destroy(&quiet);
    REQUIRE(failed == 0);
    return child;
}
