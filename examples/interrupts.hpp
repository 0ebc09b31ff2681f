// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <boost/asio/signal_set.hpp>

#include <csignal>

#include <signal.h>

/// Returns true if the program was started with the signal ignored, as by `nohup` or in the background of a
/// script: it must stay ignored.
inline bool is_ignored(int signal)
{
    struct sigaction now = {};
    return ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

/// Waits for Ctrl-C and SIGTERM too, if they are not ignored.
inline void add_interrupts(boost::asio::signal_set& to)
{
    for (int const signal : {SIGINT, SIGTERM})
        if (!is_ignored(signal)) to.add(signal);
}
