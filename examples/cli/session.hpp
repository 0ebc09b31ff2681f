// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "../interrupts.hpp"
#include "command_line.hpp"
#include "target.hpp"

#include <practicus.hpp>
#include <practicus/core_conf.hpp>
#include <practicus/format.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <exception>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace cli {

/// The files for TLS that the command line names, and of those that are `kept` with a login what it does not.
practicus::tls_options tls_files(settings const& with, practicus::tls_options kept);

/// The options that hold for all commands, beside the region's own.
practicus::client_options options_for(settings const& with, practicus::client_options options);

/// The region that `--region` or `--url` names; else the one of a whole url in `target`; else the default.
practicus::region choose_region(settings const& with, std::string_view target = {});

/// Reports that other users have access to core.conf or to the folders of tokens. Once a command.
void tell_exposed();

/// The login of the environment, if `PRT_URL` is this url.
std::optional<practicus::credentials> environment_login(practicus::service_url const& url);

/// A client, and the context that it runs in.
class session
{
public:
    session(settings const& with, practicus::region const& region)
        : session(region.url(), options_for(with, region.options()))
    {}

    session(practicus::service_url url, practicus::client_options options)
        : has_login_(!options.credentials ||
                     options.credentials->type() != practicus::credentials::kind::session_token),
          client_(io_.get_executor(), std::move(url), std::move(options))
    {}

    practicus::client const& client() const noexcept { return client_; }
    /// Returns false for a session token, which the console does not accept.
    bool has_login() const noexcept { return has_login_; }
    boost::asio::io_context& context() noexcept { return io_; }

    /// Runs an operation to its end. Ctrl-C cancels it; a second one ends the program.
    template <class T>
    T run(boost::asio::awaitable<T> operation)
    {
        namespace asio = boost::asio;
        asio::cancellation_signal stop;
        asio::signal_set interrupts(io_);
        add_interrupts(interrupts);
        interrupts.async_wait([&](boost::system::error_code ec, int) {
            if (ec) return;
            stop.emit(asio::cancellation_type::terminal);
            interrupts.clear();
        });
        std::exception_ptr failed;
        std::conditional_t<std::is_void_v<T>, int, std::optional<T>> result{};
        auto const ended = [&](std::exception_ptr e) {
            failed = e;
            interrupts.cancel();
        };
        if constexpr (std::is_void_v<T>)
            asio::co_spawn(io_, std::move(operation), asio::bind_cancellation_slot(stop.slot(), ended));
        else
            asio::co_spawn(io_, std::move(operation),
                           asio::bind_cancellation_slot(stop.slot(), [&](std::exception_ptr e, T value) {
                               if (!e) result.emplace(std::move(value));
                               ended(e);
                           }));
        io_.restart();
        io_.run();
        if (failed) std::rethrow_exception(failed);
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

private:
    boost::asio::io_context io_{1};
    bool has_login_;
    practicus::client client_;
};

inline std::vector<practicus::model> list_like(session& s, practicus::model_url const&)
{
    return s.run(s.client().models());
}

inline std::vector<practicus::app> list_like(session& s, practicus::app_url const&)
{
    return s.run(s.client().apps());
}

/// Runs a call of a model or an app. If that is not found, the error gives the reason, as far as the region's
/// listing shows it.
template <class Url, class T>
T run_for(session& s, Url const& url, boost::asio::awaitable<T> operation)
{
    using practicus::errc;
    practicus::error_info info;
    try {
        return s.run(std::move(operation));
    } catch (practicus::error const& e) {
        if (e.code() != errc::not_found && e.code() != errc::no_model_id && e.code() != errc::no_app_id)
            throw;
        info = e.info();
    }
    try {
        auto why = why_missing(s.client().service_url(), url, list_like(s, url));
        if (!why.empty()) info.message = std::move(why);
    } catch (practicus::error const& e) {
        if (e.code() == boost::asio::error::operation_aborted) throw;
    }
    throw practicus::error(std::move(info));
}

template <class Entry>
int print(settings const& with, std::vector<Entry> const& entries)
{
    switch (with.output) {
    case format::csv: return print(practicus::to_csv(entries));
    case format::json: return print(practicus::to_json(entries));
    case format::table: break;
    }
    return print(practicus::to_table(entries));
}

} // namespace cli
