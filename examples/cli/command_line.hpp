// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

/// The arguments of the command line, and the functions of its commands. They return the exit code, or throw
/// an exception that `explain` turns into one.
namespace cli {

namespace exit_code {

inline constexpr int success = 0;
/// The region refused the request, or its response, a file or the network is at fault.
inline constexpr int failure = 1;
/// The command line cannot be understood.
inline constexpr int usage = 2;
/// Not logged in, or the login was refused, or the user may not do this.
inline constexpr int not_allowed = 3;
/// No such model or app.
inline constexpr int not_found = 4;
/// The region cannot be reached, or has too much to do: try later.
inline constexpr int try_later = 5;
/// The run has ended, and rows that the model refused are in the file of `--rejected`.
inline constexpr int rows_refused = 6;
/// `wait`: the time is over, and the model or app is not up.
inline constexpr int not_up = 7;
inline constexpr int interrupted = 130;

} // namespace exit_code

/// Invalid arguments: `exit_code::usage`.
class usage_error : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

enum class format
{
    table,
    csv,
    json
};

/// The options of all commands.
struct settings
{
    std::string region;
    std::string url;
    std::string ca_file;
    std::string client_certificate;
    std::string client_key;
    std::string key_password_file;
    /// The url of a Redis server, in which machines share tokens; may hold a password.
    std::string token_store;
    /// Of an answer, in bytes; 0: the client's own.
    std::size_t header_limit = 0;
    format output = format::table;
    bool verbose = false;
};

struct login_arguments
{
    std::string url;
    std::string email;
    bool password_from_input = false;
    bool one_time_password_from_input = false;
    bool token_from_input = false;
};

struct regions_arguments
{
    std::string make_default;
};

struct logout_arguments
{
    std::string region;
    bool all = false;
};

struct entries_arguments
{
    std::string prefix;
    std::string name;
    bool deployed = false;
};

struct token_arguments
{
    std::string url;
    bool app = false;
    bool addon = false;
    bool upload = false;
};

struct predict_arguments
{
    std::string model;
    std::string input = "-";
    std::string output = "-";
    std::string content_type = "text/csv";
    std::string encoding;
    std::string rejected;
    std::string version;
    std::string path; // of the model, for JSON Lines
    std::size_t pack = 1;
    std::size_t rows = 1000;
    std::size_t in_flight = 64;
    std::uint32_t patience = 900;
    bool whole = false;
    bool resume = false;
    bool json_lines = false;
    bool openai = false;
};

struct wait_arguments
{
    std::string target;
    std::uint32_t timeout = 600;
    bool app = false;
};

struct mock_arguments
{
    std::uint16_t port = 0;
    std::string ca_file;
    bool rotate = false;
    bool no_usernames = false;
    bool gzip = false;
    std::string one_time_password;
    std::size_t max_body = 0; // of the model finance/loan-risk
    std::string refuse;       // rows that it answers with 400
    unsigned cold_start = 0;  // seconds that it takes to start
    unsigned canary = 0;      // the share of its version 2 in percent
    unsigned fail_every = 0;  // the calls of models and apps of which one fails
    unsigned first_token_delay = 0;
    unsigned token_delay = 0;  // in milliseconds, as the one above
    std::string gateway_token; // the file to write it to
};

int login(settings const& with, login_arguments const& arguments);
int logout(settings const& with, logout_arguments const& arguments);
int regions(settings const& with, regions_arguments const& arguments);
int prefixes(settings const& with, bool of_apps);
int models(settings const& with, entries_arguments const& arguments);
int deployments(settings const& with);
int apps(settings const& with, entries_arguments const& arguments);
int addons(settings const& with);
int token(settings const& with, token_arguments const& arguments);
int meta(settings const& with, std::string const& model);
int predict(settings const& with, predict_arguments const& arguments);
int wait(settings const& with, wait_arguments const& arguments);
int mock(mock_arguments const& arguments);
/// Prints a line on standard error. Text of a server in it is cleaned: no line breaks, no terminal control
/// characters.
void tell(std::string_view text);

/// The same behind the program's name.
void complain(std::string_view text);

/// Prints a text, and returns `exit_code::success`; throws if it cannot be written.
int print(std::string const& text);

/// Prints the error and its remedy on standard error, and returns the exit code. Call it in a handler.
int explain(settings const& with);

} // namespace cli
