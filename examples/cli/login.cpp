// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../terminal.hpp"
#include "session.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace cli {

namespace {

/// A coroutine that owns nothing: what it refers to outlives the client.
boost::asio::awaitable<void> keep(std::optional<practicus::issued_tokens>& in,
                                  practicus::issued_tokens tokens)
{
    in = std::move(tokens);
    co_return;
}

std::string read_line(char const* what)
{
    std::string line;
    if (!std::getline(std::cin, line))
        throw std::runtime_error(std::string("there is no ") + what + " in standard input");
    return line;
}

bool is_terminal()
{
    return ::isatty(STDIN_FILENO) != 0;
}

practicus::credentials ask_login(practicus::service_url const& url, login_arguments const& arguments)
{
    if (arguments.token_from_input) return practicus::credentials::token(read_line("token"));
    if (!arguments.password_from_input && arguments.email.empty())
        if (auto found = environment_login(url)) return *found;
    if (!is_terminal() && !arguments.password_from_input)
        throw usage_error("there is no terminal to ask on: give --password-stdin or --token-stdin, or set "
                          "PRT_URL, and PRT_TOKEN or PRT_EMAIL and PRT_PASSWORD");
    auto email = arguments.email;
    if (email.empty() && arguments.password_from_input) throw usage_error("--password-stdin needs --email");
    if (email.empty()) email = ask("E-mail");
    auto password = arguments.password_from_input ? read_line("password") : ask("Password", true);
    auto who = practicus::credentials::password(email, password);
    OPENSSL_cleanse(password.data(), password.size());
    if (arguments.one_time_password_from_input) who.one_time_password(read_line("one-time password"));
    return who;
}

std::string url_of(settings const& with, login_arguments const& arguments)
{
    if (!arguments.url.empty()) return arguments.url;
    if (!with.url.empty()) return with.url;
    auto const* url = std::getenv("PRT_URL");
    if (url == nullptr || *url == '\0') throw usage_error("no region is named: practicus login URL");
    try {
        practicus::service_url const checked(url);
    } catch (practicus::error const& e) {
        throw usage_error("PRT_URL: " + std::string(e.what()));
    }
    return url;
}

/// Before a password is spent: can the login be kept? Makes the folder and the lock, if they are not there.
void check_writable(std::string const& path)
{
    struct unchanged
    {};
    try {
        practicus::core_conf::update(path, [](practicus::core_conf&) { throw unchanged(); });
    } catch (unchanged const&) {
    }
    auto const folder = std::filesystem::path(path).parent_path().string();
    if (::access(folder.c_str(), W_OK) != 0)
        throw std::system_error(errno, std::system_category(), "'" + folder + "' can not be written");
}

void log_in(session& s, practicus::credentials const& who)
{
    try {
        s.run(s.client().login(who));
    } catch (practicus::error const& e) {
        if (e.code() != practicus::errc::not_found) throw;
        throw practicus::error(practicus::errc::not_found, "there is no Practicus AI console at " +
                                                               s.client().service_url().str() +
                                                               "; is the region's url shorter?");
    }
}

} // namespace

int login(settings const& with, login_arguments const& arguments)
{
    practicus::service_url const url(url_of(with, arguments));
    auto const path = practicus::core_conf::default_path();
    check_writable(path);
    auto who = ask_login(url, arguments);
    if (who.type() == practicus::credentials::kind::access_token)
        throw std::runtime_error("an access token lives half an hour and is not kept; set it as PRT_TOKEN");

    std::optional<practicus::issued_tokens> got;
    practicus::client_options options;
    options.proxy(practicus::core_conf(path).proxy());
    options.on_tokens([&got](practicus::issued_tokens tokens) { return keep(got, std::move(tokens)); });
    session s(url, options_for(with, std::move(options)));
    try {
        log_in(s, who);
    } catch (practicus::error const& e) {
        if (e.code() != practicus::errc::one_time_password_required || !is_terminal()) throw;
        who.one_time_password(ask("One-time password"));
        log_in(s, who);
    }
    auto const refresh = got ? got->refresh().value() : practicus::secret();
    if (refresh.empty())
        throw std::runtime_error("the region issued no refresh token: there is nothing to keep");
    practicus::region const region(url, s.client().username(), who.email(),
                                   practicus::credentials::refresh_token(refresh.reveal()));
    practicus::core_conf::update(
        path, [&](practicus::core_conf& conf) { conf.put(region).make_default(region.key()); });
    std::cerr << "Logged in as " << region.key() << "; the login is kept in " << path << ".\n";
    return exit_code::success;
}

int logout(settings const& with, logout_arguments const& arguments)
{
    auto const path = practicus::core_conf::default_path();
    auto named = arguments.region;
    for (auto const& other : {with.region, with.url})
        if (named.empty()) named = other;
    if (named.empty() == !arguments.all) throw usage_error("name a region, or give --all");
    std::vector<practicus::region> gone;
    practicus::core_conf::update(path, [&](practicus::core_conf& conf) {
        if (arguments.all) {
            gone = conf.regions();
            conf.erase_regions();
        } else {
            gone = {conf.find(named)};
            conf.erase(gone.front().key());
        }
    });
    std::exception_ptr failed;
    for (auto const& region : gone) {
        std::cerr << "Logged out of " << region.key() << ".\n";
        try {
            region.erase_tokens();
        } catch (practicus::error const&) {
            failed = std::current_exception();
        }
    }
    if (failed) std::rethrow_exception(failed);
    return exit_code::success;
}

int regions(settings const& with, regions_arguments const& arguments)
{
    auto const path = practicus::core_conf::default_path();
    if (!arguments.make_default.empty())
        practicus::core_conf::update(
            path, [&](practicus::core_conf& conf) { conf.make_default(arguments.make_default); });
    return print(with, practicus::core_conf(path).regions());
}

} // namespace cli
