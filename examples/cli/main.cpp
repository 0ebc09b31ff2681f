// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The command line of practicus: `practicus --help`, or the manual page beside this file.

#include "command_line.hpp"
#include "completion.hpp"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr char const* footer = R"(
The region is that of --region or --url, else the one that the model's url names, else that of PRT_URL (with PRT_TOKEN,
PRT_SESSION_TOKEN, PRT_SESSION_TOKEN_FILE, or PRT_EMAIL and PRT_PASSWORD), else the default of ~/.practicus/core.conf, which the
vendor's Python SDK shares.

Exit codes: 0 success; 1 failure; 2 wrong usage; 3 not logged in, or not allowed; 4 not found; 5 try again later;
6 predict has put rows that the model refused into the file of --rejected; 7 wait's time is over; 130 interrupted; 141 standard output was closed.)";

/// The commands and their arguments.
struct command_line
{
    command_line()
    {
        app.name("practicus");
        app.footer(footer);
        app.require_subcommand(1);
        app.fallthrough();
        app.set_version_flag("--version", "practicus " PRACTICUS_VERSION);
        add_globals();
        // Commands take over what stands below now.
        app.footer(global_options() + footer);
        add_logins();
        add_lists();
        add_calls();
        add_wait();
        add_mock();
        auto* const script =
            app.add_subcommand("completion", "Prints a script that completes this command line");
        script->add_option("SHELL", shell, "bash or zsh")
            ->required()
            ->check(CLI::IsMember({"bash", "zsh"}).description(""));
        script->final_callback([this] {
            run = [this] {
                return cli::print(shell == "bash" ? cli::bash_completion(app) : cli::zsh_completion(app));
            };
        });
        app.footer(footer);
    }

    CLI::App app{"Calls models of a Practicus AI region, and lists what it has."};
    cli::settings global;
    std::function<int()> run;

private:
    /// The options of all commands, for the help text.
    std::string global_options() const
    {
        auto const options = app.get_options(
            [](CLI::Option const* o) { return o->get_name() != "--help" && o->get_name() != "--version"; });
        return CLI::Formatter().make_group("Options of all commands, before or behind the command", false,
                                           options);
    }

    /// A check whose message names the accepted values.
    static CLI::Validator number(std::uint64_t least, std::uint64_t most)
    {
        auto const check = [least, most](std::string const& text) -> std::string {
            std::uint64_t value = 0;
            auto const [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
            bool const is_number = failed == std::errc() && end == text.data() + text.size() &&
                                   (text.size() == 1 || text.front() != '0'); // CLI11 would read octal
            if (is_number && value >= least && value <= most) return {};
            return "'" + text + "' is no whole number from " + std::to_string(least) + " to " +
                   std::to_string(most);
        };
        return CLI::Validator(check, "");
    }

    void add_globals()
    {
        auto* const region = app.add_option("--region", global.region,
                                            "the region, by its key (admin@practicus.company.com) or host")
                                 ->type_name("KEY");
        app.add_option("--url", global.url, "the region, by its url")->type_name("URL")->excludes(region);
        add_tls();
        app.add_option("--token-store", global.token_store,
                       "a Redis server in which machines share their tokens: rediss://user@host")
            ->type_name("URL")
            ->envname("PRACTICUS_TOKEN_STORE");
        app.add_option("--header-limit", global.header_limit,
                       "how long an answer's header may be; default: 65536")
            ->check(number(1, 1'000'000'000))
            ->type_name("BYTES");
        app.add_option_function<std::string>(
               "--output", [this](std::string const& name) { global.output = formats.at(name); },
               "how lists are printed: table, csv or json")
            ->check(CLI::IsMember({"table", "csv", "json"}).description(""))
            ->type_name("FORMAT")
            ->default_str("table");
        app.add_flag("--verbose", global.verbose, "say on standard error what the client does");
    }

    void add_tls()
    {
        app.add_option("--ca-file", global.ca_file,
                       "certificate authorities to trust beside the system's (PEM)")
            ->type_name("FILE")
            ->envname("PRACTICUS_CA_FILE");
        auto* const certificate = app.add_option("--client-cert", global.client_certificate,
                                                 "this client's certificate, with its chain (PEM)")
                                      ->type_name("FILE")
                                      ->envname("PRACTICUS_CLIENT_CERT");
        app.add_option("--client-key", global.client_key,
                       "the key of that (PEM); default: in the file of --client-cert")
            ->type_name("FILE")
            ->envname("PRACTICUS_CLIENT_KEY")
            ->needs(certificate);
        app.add_option("--key-password-file", global.key_password_file,
                       "its first line opens the key, if that is encrypted")
            ->type_name("FILE");
    }

    template <class F>
    CLI::App* add(char const* name, char const* description, F f)
    {
        auto* const made = app.add_subcommand(name, description);
        made->final_callback([this, f] { run = f; });
        return made;
    }

    void add_logins()
    {
        auto* command = add("login", "Logs in to a region, and keeps the login in core.conf",
                            [this] { return cli::login(global, login); });
        command->add_option("URL", login.url, "the region's url");
        command
            ->add_option("--email", login.email,
                         "whose login, unless the token says it; else it is asked for")
            ->type_name("EMAIL");
        auto* const password = command->add_flag("--password-stdin", login.password_from_input,
                                                 "the first line of standard input is the password");
        command
            ->add_flag("--otp-stdin", login.one_time_password_from_input,
                       "the second line of standard input is the one-time password")
            ->needs(password);
        command
            ->add_flag("--token-stdin", login.token_from_input,
                       "the first line of standard input is a refresh token")
            ->excludes(password);

        command = add("logout", "Forgets a login", [this] { return cli::logout(global, logout); });
        command->add_option("REGION", logout.region,
                            "the region's key, host or url; default: as for all commands");
        command->add_flag("--all", logout.all, "forget all logins");

        command = add("regions", "Lists the regions with a login",
                      [this] { return cli::regions(global, regions); });
        command->add_option("--set-default", regions.make_default, "make this region the default")
            ->type_name("KEY");
    }

    void add_lists()
    {
        auto* command =
            add("prefixes", "Lists the groups of models", [this] { return cli::prefixes(global, of_apps); });
        command->add_flag("--apps", of_apps, "those of apps instead");
        command = add("models", "Lists models", [this] { return cli::models(global, entries); });
        add_filters(*command);
        add("deployments", "Lists what models can be deployed on",
            [this] { return cli::deployments(global); });
        command = add("apps", "Lists apps", [this] { return cli::apps(global, entries); });
        add_filters(*command);
        add("addons", "Lists add-ons", [this] { return cli::addons(global); });
    }

    void add_filters(CLI::App& command)
    {
        command.add_option("--prefix", entries.prefix, "only those under this prefix")->type_name("PREFIX");
        command.add_option("--name", entries.name, "only those of this name")->type_name("NAME");
        command.add_flag("--deployed", entries.deployed, "only those that have a version");
    }

    void add_calls()
    {
        auto* command = add("token", "Prints a session token, and nothing else: $(practicus token MODEL)",
                            [this] { return cli::token(global, token); });
        command->add_option("MODEL", token.url, "url, or prefix/name[/version] as listed")->required();
        auto* const app_flag = command->add_flag("--app", token.app, "MODEL is an app");
        auto* const upload = command->add_flag("--upload", token.upload, "a token for uploading");
        command->add_flag("--addon", token.addon, "MODEL is an add-on: its key or a url of it")
            ->excludes(app_flag)
            ->excludes(upload);

        command = add("meta", "Prints what a model says of itself, as JSON",
                      [this] { return cli::meta(global, model); });
        command->add_option("MODEL", model, "url, or prefix/name[/version] as listed")->required();

        command = add("predict", "Sends a CSV or JSON Lines through a model; works as a filter",
                      [this] { return cli::predict(global, predict); });
        command->add_option("MODEL", predict.model, "url, or prefix/name[/version] as listed")->required();
        command->add_option("INPUT", predict.input, "a file; default: standard input (-)");
        command->add_option("OUTPUT", predict.output, "a file; default: standard output (-)");
        command->add_option("--rows", predict.rows, "rows in a batch")
            ->check(number(1, 1'000'000'000))
            ->capture_default_str()
            ->type_name("N");
        command->add_option("--in-flight", predict.in_flight, "batches at once, at most")
            ->check(number(1, 100'000))
            ->capture_default_str()
            ->type_name("N");
        command
            ->add_option("--patience", predict.patience,
                         "seconds for which a batch that does not get through is sent again")
            ->check(number(0, 31'536'000))
            ->capture_default_str()
            ->type_name("S");
        command->add_option("--encoding", predict.encoding, "compress both ways: gzip, zlib, deflate or lz4")
            ->check(CLI::IsMember({"gzip", "zlib", "deflate", "lz4"}).description(""))
            ->type_name("NAME");
        command
            ->add_option("--rejected", predict.rejected,
                         "where rows go that the model refuses; else they end the run")
            ->type_name("FILE");
        command
            ->add_option("--only-version", predict.version,
                         "the only version of the model that may answer, as it names itself")
            ->type_name("VERSION");
        command->add_flag("--resume", predict.resume,
                          "resume the run of the same command, by OUTPUT's journal");
        command->add_flag("--whole", predict.whole,
                          "send INPUT as one request; the answer is written as it comes");
        command
            ->add_option("--content-type", predict.content_type,
                         "what INPUT is; if no text/csv, then --whole")
            ->capture_default_str()
            ->type_name("TYPE");
        add_json_lines(*command);
    }

    void add_json_lines(CLI::App& to)
    {
        to.add_flag("--json-lines", predict.json_lines,
                    "INPUT is JSON Lines, a request a line; default for names in .jsonl and .ndjson");
        to.add_flag("--openai", predict.openai, "the lines have the form of OpenAI's batch files");
        to.add_option("--path", predict.path, "the path of the model to send lines to: chat/completions")
            ->type_name("PATH");
        to.add_option("--pack", predict.pack, "lines in one request for embeddings, at most")
            ->check(number(1, 100'000))
            ->capture_default_str()
            ->type_name("N");
    }

    void add_wait()
    {
        auto* command = add("wait", "Starts a model that is scaled to zero, and waits until it is up",
                            [this] { return cli::wait(global, wait); });
        command->add_option("MODEL", wait.target, "url, or prefix/name[/version] as listed")->required();
        command->add_flag("--app", wait.app, "MODEL is an app");
        command->add_option("--timeout", wait.timeout, "seconds to wait at most; the exit code is 7 then")
            ->check(number(1, 31'536'000))
            ->capture_default_str()
            ->type_name("S");
    }

    void add_mock()
    {
        auto* command = add("mock", "Serves a mock region to try things on, until Ctrl-C",
                            [this] { return cli::mock(mock); });
        command->add_option("--port", mock.port, "on this port of 127.0.0.1; default: a free one")
            ->check(number(0, 65535))
            ->type_name("N");
        command->add_flag("--rotate", mock.rotate, "replace refresh tokens with each use");
        command->add_flag("--no-usernames", mock.no_usernames,
                          "name no users, and issue tokens that say nothing of them");
        command->add_flag("--gzip", mock.gzip, "answer in gzip, for clients that accept it");
        command
            ->add_option("--one-time-password", mock.one_time_password,
                         "the first login by password needs this as well")
            ->type_name("TEXT");
        add_mock_models(*command);
        command->add_option("--gateway-token", mock.gateway_token, "write a token for the AI gateway there")
            ->type_name("FILE");
        command->add_option("--tls", mock.ca_file, "speak TLS, and write the authority to trust there")
            ->type_name("FILE");
    }

    void add_mock_models(CLI::App& to)
    {
        to.add_option("--max-body", mock.max_body,
                      "models/finance/loan-risk refuses predictions of more bytes")
            ->check(number(1, 1'000'000'000))
            ->type_name("N");
        to.add_option("--refuse", mock.refuse, "models/finance/loan-risk refuses rows that hold this")
            ->type_name("TEXT");
        to.add_option("--cold-start", mock.cold_start,
                      "models/finance/loan-risk starts with its first request, and takes this long")
            ->check(number(1, 86400))
            ->type_name("SECONDS");
        to.add_option("--canary", mock.canary,
                      "models/finance/loan-risk has a version 2, which answers this share of its requests")
            ->check(number(1, 99))
            ->type_name("PERCENT");
        to.add_option("--fail-every", mock.fail_every,
                      "each Nth call of a model or an app fails: 429, 401, 503, lost connections in turn")
            ->check(number(1, 1'000'000))
            ->type_name("N");
        to.add_option("--first-token-delay", mock.first_token_delay, "the chat's first token takes this long")
            ->check(number(1, 3'600'000))
            ->type_name("MS");
        to.add_option("--token-delay", mock.token_delay, "each further token takes this long")
            ->check(number(1, 3'600'000))
            ->type_name("MS");
    }

    std::map<std::string, cli::format> const formats{
        {"table", cli::format::table}, {"csv", cli::format::csv}, {"json", cli::format::json}};
    cli::login_arguments login;
    cli::logout_arguments logout;
    cli::regions_arguments regions;
    cli::entries_arguments entries;
    cli::token_arguments token;
    cli::predict_arguments predict;
    cli::wait_arguments wait;
    cli::mock_arguments mock;
    std::string model;
    std::string shell;
    bool of_apps = false;
};

} // namespace

namespace {

/// Opens missing standard streams: otherwise a file or socket would get the descriptor of one, and the
/// program would write into it. The replacement can be neither read nor written.
void fill_closed_streams()
{
    for (int const descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) != descriptor)
            std::abort();
}

/// CLI11 reports a missing command before it checks the word in its place.
int explain_usage(CLI::App const& app, CLI::ParseError const& e)
{
    if (e.get_name() == "RequiredError" && app.get_subcommands().empty())
        for (auto const& word : app.remaining())
            if (!word.starts_with('-')) {
                std::cerr << "There is no command '" << word << "'.\nRun with --help for more information.\n";
                return cli::exit_code::usage;
            }
    return app.exit(e) == 0 ? cli::exit_code::success : cli::exit_code::usage;
}

} // namespace

int main(int argc, char** argv)
{
    fill_closed_streams();
    // The parent process may have ignored SIGPIPE: a closed pipe must end the program silently.
    std::signal(SIGPIPE, SIG_DFL);
    command_line line;
    try {
        try {
            line.app.parse(argc, argv);
        } catch (CLI::ParseError const& e) {
            auto const code = explain_usage(line.app, e);
            cli::print({}); // a help text must have been written
            return code;
        }
        return line.run();
    } catch (...) {
        return cli::explain(line.global);
    }
}
