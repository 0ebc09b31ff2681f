// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../terminal.hpp"
#include "session.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <functional>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <vector>

#include <unistd.h>

namespace cli {

namespace {

/// A coroutine with references only: its arguments outlive the client.
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
    // A line of other systems ends in two characters.
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

bool is_terminal()
{
    return ::isatty(STDIN_FILENO) != 0;
}

practicus::credentials ask_login(practicus::service_url const& url, login_arguments const& arguments)
{
    if (arguments.token_from_input) return practicus::credentials::token(read_line("token"));
    using kind = practicus::credentials::kind;
    auto const found = environment_login(url);
    if (found && found->type() != kind::session_token && !arguments.password_from_input) {
        bool const is_token = found->type() != kind::password;
        if (is_token || arguments.email.empty() || arguments.email == found->email()) return *found;
    }
    if (!is_terminal() && !arguments.password_from_input)
        throw usage_error("there is no terminal to ask on: give --password-stdin or --token-stdin, or set "
                          "PRT_URL, and PRT_TOKEN or PRT_EMAIL and PRT_PASSWORD");
    auto email = arguments.email;
    if (email.empty() && arguments.password_from_input) throw usage_error("--password-stdin needs --email");
    if (email.empty()) email = ask("E-mail");
    auto password = arguments.password_from_input ? read_line("password") : ask("Password", true);
    auto user = practicus::credentials::password(email, password);
    OPENSSL_cleanse(password.data(), password.size());
    if (arguments.one_time_password_from_input) user.one_time_password(read_line("one-time password"));
    return user;
}

std::string url_of(settings const& with, login_arguments const& arguments)
{
    if (!arguments.url.empty()) return arguments.url;
    if (!with.url.empty()) return with.url;
    auto const url = practicus::environment_url();
    if (url.empty()) throw usage_error("no region is named: practicus login URL");
    try {
        practicus::service_url const checked(url);
    } catch (practicus::error const& e) {
        throw usage_error("PRT_URL: " + std::string(e.what()));
    }
    return url;
}

/// Returns the e-mail of the login: the SDK reads no region at all from a file with a login without one. As
/// in the SDK, the e-mail in a token takes precedence over a given one.
std::string email_of(practicus::credentials const& user, login_arguments const& arguments)
{
    if (!user.email().empty()) return user.email();
    auto const& given = arguments.email;
    auto claimed = practicus::read_jwt(user.value().reveal()).sub.value_or(std::string());
    if (claimed.empty() && given.empty())
        throw usage_error("the token does not say whose login it is: give --email EMAIL");
    if (!given.empty() && claimed.find('@') == claimed.npos) return given;
    if (!given.empty() && given != claimed)
        complain("the token is a login of " + claimed + ": --email has no effect");
    return claimed;
}

/// Changes core.conf. Prints a message while it waits for another process.
void change_conf(std::string const& path, std::function<void(practicus::core_conf&)> const& change)
{
    practicus::core_conf::update(path, change, [](std::string const& lock) {
        complain("waiting for another process, which holds '" + lock + "'");
    });
}

/// Checks that the login can be written, before a password or a token is used up. Creates the folder and the
/// lock if needed.
void check_can_be_kept(std::string const& path)
{
    struct unchanged
    {};
    try {
        change_conf(path, [](practicus::core_conf&) { throw unchanged(); });
    } catch (unchanged const&) {
    }
    auto const folder = std::filesystem::path(path).parent_path().string();
    if (::access(folder.c_str(), W_OK) != 0)
        throw std::system_error(errno, std::system_category(), "'" + folder + "' cannot be written");
}

practicus::region region_of(practicus::service_url const& url, std::string const& typed, std::string username,
                            std::string email, practicus::secret const& refresh)
{
    practicus::region result(url, std::move(username), std::move(email),
                             practicus::credentials::refresh_token(refresh.reveal()));
    result.typed_as(typed);
    return result;
}

/// Writes the login, and leaves its tokens to the commands that follow. Returns it as it is kept.
practicus::region keep_login(session& s, settings const& with, std::string const& path,
                             practicus::region const& login, practicus::issued_tokens const& tokens)
{
    change_conf(path, [&](practicus::core_conf& conf) {
        conf.put(login).make_default(login).keep_tls(login.url(), tls_files(with, conf.tls(login.url())));
    });
    practicus::core_conf const now(path);
    // Another process may have logged out meanwhile.
    auto const found = now.find_login(login);
    auto const& kept = found ? *found : login;
    try {
        now.erase_unused_tokens();
        s.run(kept.share_tokens(tokens));
    } catch (practicus::error const& e) {
        // The login is kept; the next command needs one more request.
        complain(e.what());
    }
    return kept;
}

void log_in(session& s, practicus::credentials const& user)
{
    try {
        s.run(s.client().login(user));
    } catch (practicus::error const& e) {
        if (e.code() != practicus::errc::not_found) throw;
        throw practicus::error(practicus::errc::not_found, "there is no Practicus AI console at " +
                                                               s.client().service_url().str() +
                                                               "; is the region's url shorter?");
    }
}

/// After the logout of the default region.
void tell_default(practicus::core_conf const& left)
{
    if (!left.default_key().empty())
        tell(left.default_key() + " is the default now.");
    else if (!left.regions().empty())
        tell("No region is the default now; 'practicus regions --set-default KEY' makes one.");
}

/// A region as users of the SDK know it.
struct region_row
{
    std::string key, url, username, email;
    bool is_default = false;
};

auto columns_of(std::type_identity<region_row>)
{
    using practicus::column;
    using row = region_row;
    return std::tuple(column("key", &row::key), column("url", &row::url), column("username", &row::username),
                      column("email", &row::email), column("is_default", &row::is_default));
}

} // namespace

int login(settings const& with, login_arguments const& arguments)
{
    auto const typed = url_of(with, arguments);
    practicus::service_url const url(typed);
    auto const path = practicus::core_conf::default_path();
    tell_exposed();
    check_can_be_kept(path);
    auto user = ask_login(url, arguments);
    if (user.type() == practicus::credentials::kind::access_token)
        throw std::runtime_error("an access token lives half an hour and is not kept; set it as PRT_TOKEN");
    if (user.type() == practicus::credentials::kind::session_token)
        throw std::runtime_error("a session token is no login and is not kept; set it as PRT_SESSION_TOKEN");

    auto const email = email_of(user, arguments);
    practicus::core_conf conf(path);
    conf.put(region_of(url, typed, {}, email, practicus::secret("unknown")))
        .keep_tls(url, tls_files(with, conf.tls(url)));

    std::optional<practicus::issued_tokens> got;
    practicus::client_options options;
    options.proxy = conf.proxy();
    options.tls = conf.tls(url);
    options.on_tokens = [&got](practicus::issued_tokens tokens) { return keep(got, std::move(tokens)); };
    session s(url, options_for(with, std::move(options)));
    try {
        log_in(s, user);
    } catch (practicus::error const& e) {
        if (e.code() != practicus::errc::one_time_password_required || !is_terminal()) throw;
        user.one_time_password(ask("One-time password"));
        log_in(s, user);
    }
    auto const refresh = got ? got->refresh.value() : practicus::secret();
    if (refresh.empty())
        throw std::runtime_error("the region issued no refresh token: there is nothing to keep");
    auto const kept =
        keep_login(s, with, path, region_of(url, typed, s.client().username(), email, refresh), *got);
    tell("Logged in as " + kept.key() + "; the login is kept in " + path + ".");
    return exit_code::success;
}

int logout(settings const& with, logout_arguments const& arguments)
{
    auto const path = practicus::core_conf::default_path();
    auto named = arguments.region;
    for (auto const& other : {with.region, with.url})
        if (named.empty()) named = other;
    if (!named.empty() && arguments.all) throw usage_error("name a region, or give --all");
    if (named.empty()) named = practicus::environment_url();
    tell_exposed();
    std::vector<practicus::region> gone;
    bool was_default = false;
    change_conf(path, [&](practicus::core_conf& conf) {
        if (arguments.all) {
            gone = conf.regions();
            conf.erase_regions();
        } else {
            gone = {named.empty() ? conf.default_region() : conf.find(named)};
            conf.erase(gone.front());
            was_default = gone.front().is_default();
        }
    });
    for (auto const& region : gone)
        tell("Logged out of " + region.key() + ".");
    practicus::core_conf const left(path);
    if (was_default) tell_default(left);
    left.erase_unused_tokens();
    return exit_code::success;
}

int regions(settings const& with, regions_arguments const& arguments)
{
    auto const path = practicus::core_conf::default_path();
    if (!arguments.make_default.empty())
        change_conf(path, [&](practicus::core_conf& conf) { conf.make_default(arguments.make_default); });
    tell_exposed();
    std::vector<region_row> rows;
    for (auto const& r : practicus::core_conf(path).regions())
        rows.push_back({r.key(), r.url().str(), r.username(), r.email(), r.is_default()});
    return print(with, rows);
}

} // namespace cli
