// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "../loops.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace bench {

/// The command line that peers in all languages share.
struct command
{
    std::string url;
    std::string ca_pem;
    std::string work = "exchange";
    std::string encoding;
    std::size_t connections = 1;
    /// In all; 0: as many as begin in `seconds`.
    std::size_t exchanges = 0;
    std::size_t bytes = 1000;
    double seconds = 1;
    double rate = 1000;

    endpoint server() const;
    /// Of the measured part, counted from now.
    quota much() const;
    quota warm_up() const;
    loop_options loop() const;
};

/// The time and the processor time of the whole process between two points.
class stopwatch
{
public:
    stopwatch();

    /// `exchanges`, `seconds`, `cpu_user` and `cpu_system`, in seconds, up to now.
    boost::json::object stop(std::size_t exchanges) const;

private:
    steady::time_point began_ = steady::now();
    double user_, system_;
};

/// Throws unless all succeeded.
void require_all(std::size_t succeeded, std::size_t wanted);

struct peer
{
    std::string_view name;
    boost::json::object versions;
    std::function<std::unique_ptr<bench::loop>(loop_options const&)> make_loop;
    /// Work that only this one does.
    std::map<std::string_view, std::function<boost::json::object(command const&)>> own;
};

/// Runs the work that the command line names and prints one line of JSON. Returns the exit code.
int run(peer const& subject, int argc, char** argv);

/// `{"boost": ..., "compiler": ...}`.
boost::json::object library_versions();

} // namespace bench
