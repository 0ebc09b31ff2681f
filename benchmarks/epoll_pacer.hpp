// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "loops.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <limits>
#include <system_error>
#include <vector>

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace bench {

/// Wakes an epoll loop with better resolution than epoll's own milliseconds. Its events have zero `data` and
/// nothing to read.
class epoll_alarm
{
public:
    explicit epoll_alarm(int epoll)
        : descriptor_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC))
    {
        epoll_event event{};
        event.events = EPOLLIN | EPOLLET;
        if (descriptor_ < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor_, &event) != 0)
            throw std::system_error(errno, std::generic_category(), "no timer for epoll");
    }
    epoll_alarm(epoll_alarm const&) = delete;
    epoll_alarm& operator=(epoll_alarm const&) = delete;
    ~epoll_alarm() { ::close(descriptor_); }

    void set(steady::time_point when)
    {
        auto const since = when.time_since_epoch();
        auto const seconds = std::chrono::floor<std::chrono::seconds>(since);
        itimerspec spec{};
        spec.it_value.tv_sec = seconds.count();
        spec.it_value.tv_nsec = std::chrono::nanoseconds(since - seconds).count();
        if (::timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &spec, nullptr) != 0)
            throw std::system_error(errno, std::generic_category(), "timerfd_settime");
    }

private:
    int descriptor_;
};

/// Determines the calls that are due, and the time that the loop may sleep.
class epoll_pacer
{
public:
    epoll_pacer(epoll_alarm& alarm, arrivals const& when) : alarm_(alarm), when_(when) {}

    bool all_begun() const { return begun_ == when_.count(); }

    /// Begins due calls on idle connections: `begin(call)`, where `due` is the intended time.
    template <class Call, class Begin>
    void begin_due(std::vector<Call*>& idle, Begin begin)
    {
        while (!idle.empty() && !all_begun() && due() <= steady::now()) {
            auto& call = *idle.back();
            idle.pop_back();
            call.due = due();
            ++begun_;
            begin(call);
        }
    }

    /// For epoll: milliseconds, 0 if a call is due soon, or else `most`, within which the alarm rings.
    /// `full`: no call could begin.
    int sleep(int most, bool full)
    {
        if (all_begun() || full) return most;
        auto const early = due() - arrivals::ahead;
        if (early <= steady::now()) return 0;
        if (set_for_ != begun_) alarm_.set(early);
        set_for_ = begun_;
        return most;
    }

private:
    steady::time_point due() const { return began_ + when_.at(begun_); }

    epoll_alarm& alarm_;
    arrivals when_;
    steady::time_point began_ = steady::now();
    std::size_t begun_ = 0;
    std::size_t set_for_ = std::numeric_limits<std::size_t>::max();
};

} // namespace bench
