// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../terminal.hpp"
#include "session.hpp"
#include "target.hpp"

#include <chrono>
#include <memory>
#include <utility>
#include <variant>

#include <unistd.h>

namespace cli {

namespace {

using std::chrono::seconds;

/// A line on a terminal for as long as the wait lasts.
class waiting_line
{
public:
    explicit waiting_line(seconds most) : most_(most) {}
    waiting_line(waiting_line const&) = delete;
    waiting_line& operator=(waiting_line const&) = delete;
    ~waiting_line()
    {
        if (drawn_) std::cerr << "\r\033[K" << std::flush;
    }

    void draw()
    {
        if (!is_screen(STDERR_FILENO)) return;
        auto const passed = std::chrono::duration_cast<seconds>(std::chrono::steady_clock::now() - began_);
        std::cerr << "\r\033[KNot up after " << passed.count() << " s of " << most_.count() << " s"
                  << std::flush;
        drawn_ = true;
    }

private:
    seconds most_;
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    bool drawn_ = false;
};

practicus::client_options with_line(practicus::client_options options, std::shared_ptr<waiting_line> line)
{
    options.observer = [observer = std::move(options.observer),
                        line = std::move(line)](practicus::event const& e) {
        observer(e);
        if (std::holds_alternative<practicus::events::retried>(e)) line->draw();
    };
    return options;
}

bool is_time_over(practicus::error const& e, seconds most)
{
    using practicus::errc;
    bool const is_wait = e.code() == errc::unavailable || e.code() == errc::first_byte_timeout ||
                         e.code() == errc::deadline_exceeded;
    return is_wait && e.info().elapsed >= most;
}

/// Asks for the id, which starts the model or app, and for a token to call it.
template <class Url>
void ask_until_up(session& s, std::string const& target, seconds most)
{
    // For the last request.
    constexpr seconds extra(10);
    auto const url = target_url<Url>(s.client().service_url(), target);
    auto const patient =
        s.client().with(practicus::call_options().ask_id().patience(most).timeout(most + extra));
    run_for(s, url, patient.session_token(url));
}

void wait_until_up(settings const& with, wait_arguments const& arguments)
{
    seconds const most(arguments.timeout);
    auto const region = choose_region(with, arguments.target);
    auto line = std::make_shared<waiting_line>(most);
    session s(region.url(), with_line(options_for(with, region.options()), std::move(line)));
    if (!s.has_login())
        throw practicus::error(practicus::errc::login_required, "a session token cannot ask for an id");
    if (arguments.app)
        ask_until_up<practicus::app_url>(s, arguments.target, most);
    else
        ask_until_up<practicus::model_url>(s, arguments.target, most);
}

} // namespace

int wait(settings const& with, wait_arguments const& arguments)
{
    try {
        wait_until_up(with, arguments);
    } catch (practicus::error const& e) {
        if (!is_time_over(e, seconds(arguments.timeout))) throw;
        explain(with);
        return exit_code::not_up;
    }
    return exit_code::success;
}

} // namespace cli
