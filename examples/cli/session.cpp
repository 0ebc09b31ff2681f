// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "session.hpp"
#include "../terminal.hpp"
#include "shared_tokens.hpp"

#include <practicus/catalog.hpp>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <ios>
#include <memory>
#include <set>
#include <sstream>
#include <variant>

#include <unistd.h>

namespace cli {

namespace {

std::string milliseconds(std::chrono::nanoseconds took)
{
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << std::chrono::duration<double, std::milli>(took).count()
         << " ms";
    return text.str();
}

std::string outcome(unsigned status, boost::system::error_code const& error)
{
    return error ? error.message() : std::to_string(status);
}

/// A line for each event of the client, on standard error.
struct event_printer
{
    void operator()(practicus::events::resolved const& e) const
    {
        auto const found = std::to_string(e.addresses) + (e.addresses == 1 ? " address" : " addresses");
        line() << "resolved " << e.host << ": " << (e.error ? e.error.message() : found) << ", "
               << milliseconds(e.took);
    }

    void operator()(practicus::events::connected const& e) const
    {
        line out;
        out << "connected to " << e.origin;
        if (!e.address.empty()) out << " (" << e.address << ')';
        if (!e.proxy.empty()) out << " through " << e.proxy;
        if (!e.tls_version.empty()) out << ", " << e.tls_version;
        out << (e.error ? ": " + e.error.message() : "") << ", " << milliseconds(e.took);
    }

    void operator()(practicus::events::waiting const& e) const
    {
        line() << "waiting for a connection to " << e.origin;
    }

    void operator()(practicus::events::reused const&) const {}

    void operator()(practicus::events::stale const& e) const
    {
        line() << "the server had closed a connection to " << e.origin;
    }

    void operator()(practicus::events::exchanged const& e) const
    {
        line() << e.request << ": " << outcome(e.status, e.error) << ", " << milliseconds(e.timings.total())
               << ", " << e.bytes_sent << " bytes sent, " << e.bytes_received << " received";
    }

    void operator()(practicus::events::retried const& e) const
    {
        line() << e.request << ": again after " << outcome(e.status, e.error) << ", in "
               << milliseconds(e.pause);
    }

    void operator()(practicus::events::token_fetched const& e) const
    {
        line() << "new " << e.kind << " token: " << (e.error ? e.error.message() : "fetched") << ", "
               << milliseconds(e.took);
    }

    // Told in any case.
    void operator()(practicus::events::tokens_not_taken const&) const {}
    void operator()(practicus::events::store_failed const&) const {}
    void operator()(practicus::events::entries_left_out const&) const {}

private:
    /// Told when it goes.
    struct line
    {
        line() = default;
        line(line const&) = delete;
        line& operator=(line const&) = delete;
        ~line() { tell(text.str()); }

        template <class T>
        line& operator<<(T const& value)
        {
            text << value;
            return *this;
        }

        std::ostringstream text{"* ", std::ios::ate};
    };
};

/// Returns the remedy for an error.
std::string_view hint(practicus::error const& e)
{
    using practicus::errc;
    if (e.code() == errc::login_required || e.code() == errc::unauthorized)
        return "Log in with 'practicus login URL', or set PRT_URL and PRT_TOKEN.";
    // Not of an entry whose listing says why.
    bool const is_missing =
        e.code() == errc::not_found && !e.info().request.empty() && e.info().message.empty();
    if (is_missing || e.code() == errc::no_model_id || e.code() == errc::no_app_id)
        return "'practicus models' and 'practicus apps' list what there is.";
    if (e.code() == errc::one_time_password_required)
        return "Log in on a terminal, which asks for the one-time password, or with --otp-stdin.";
    if (e.code() == errc::connect_failed || e.code() == errc::resolve_failed)
        return "Check the url, the network and the proxy; --verbose shows what is tried.";
    if (e.code() == errc::login_refused)
        return "Check the e-mail and the password, or the token; a login may also be locked or over.";
    if (e.code() == errc::header_too_large)
        return "--header-limit BYTES raises the limit, which is 65536 otherwise.";
    if (e.code() == errc::certificate_untrusted) return "Name the region's authority with --ca-file.";
    return {};
}

int code_of(practicus::error const& e)
{
    using practicus::errc;
    if (e.code() == boost::asio::error::operation_aborted) return exit_code::interrupted;
    if (practicus::is_auth_error(e.code()) || e.code() == errc::forbidden) return exit_code::not_allowed;
    if (e.code() == errc::not_found || e.code() == errc::no_model_id || e.code() == errc::no_app_id)
        return exit_code::not_found;
    if (practicus::is_retryable(e.code())) return exit_code::try_later;
    if (e.code() == errc::invalid_url) return exit_code::usage;
    return exit_code::failure;
}

/// The first line of a file, without its end.
practicus::secret read_secret(std::string const& path)
{
    std::ifstream in;
    in.rdbuf()->pubsetbuf(nullptr, 0); // else a copy stays in its buffer
    in.open(path);
    std::string line;
    line.reserve(longest_secret);
    if (!std::getline(in, line))
        throw std::runtime_error("there is no line in '" + path + "' that can be read");
    if (line.ends_with('\r')) line.pop_back();
    return practicus::secret::take(std::move(line));
}

/// Returns true if the file holds a key that is encrypted, in either of the forms that PEM has. A pipe can be
/// read once, by OpenSSL.
bool is_encrypted(std::string const& path)
{
    if (!std::filesystem::is_regular_file(path)) return false;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);)
        if (line.find("ENCRYPTED") != line.npos) return true;
    return false;
}

/// Never a command-line argument, which other users of the machine can see.
practicus::secret key_password(settings const& with, std::string const& key)
{
    if (!with.key_password_file.empty()) return read_secret(with.key_password_file);
    if (auto const* value = std::getenv("PRACTICUS_KEY_PASSWORD"); value != nullptr && *value != '\0')
        return practicus::secret(value);
    if (!is_encrypted(key)) return {};
    if (::isatty(STDIN_FILENO) == 0)
        throw usage_error("the client's key is encrypted, and there is no terminal to ask on: give "
                          "--key-password-file, or set PRACTICUS_KEY_PASSWORD");
    return practicus::secret::take(ask("Password of the client's key", true));
}

/// As https://no-color.org has it.
bool is_coloured()
{
    auto const* none = std::getenv("NO_COLOR");
    return is_screen(STDERR_FILENO) && (none == nullptr || *none == '\0');
}

} // namespace

void tell(std::string_view text)
{
    std::cerr << practicus::one_line(text) + '\n';
}

void complain(std::string_view text)
{
    std::cerr << (is_coloured() ? "\033[1;31mpracticus:\033[0m " : "practicus: ");
    tell(text);
}

practicus::tls_options tls_files(settings const& with, practicus::tls_options kept)
{
    if (!with.ca_file.empty()) kept.ca_file = with.ca_file;
    if (!with.client_certificate.empty()) {
        kept.certificate_file = with.client_certificate;
        kept.key_file = with.client_key;
    }
    return kept;
}

practicus::client_options options_for(settings const& with, practicus::client_options options)
{
    options.tls = tls_files(with, std::move(options.tls));
    if (auto& tls = options.tls; !tls.certificate_file.empty())
        tls.key_password = key_password(with, tls.key_file.empty() ? tls.certificate_file : tls.key_file);
    if (with.header_limit != 0) options.limits.header = with.header_limit;
    if (!with.token_store.empty()) options.store = shared_tokens(with, options.tls);
    // A store reports the same failure at every step.
    options.observer = [verbose = with.verbose,
                        told = std::make_shared<std::set<std::string>>()](practicus::event const& e) {
        if (verbose) std::visit(event_printer(), e);
        if (auto const* lost = std::get_if<practicus::events::tokens_not_taken>(&e))
            complain("core.conf could not be given the region's new refresh token: " +
                     std::string(lost->message));
        auto const* const lost_store = std::get_if<practicus::events::store_failed>(&e);
        if (lost_store != nullptr && told->emplace(lost_store->message).second)
            complain("a token is not shared with other commands: " + std::string(lost_store->message));
        if (auto const* lost = std::get_if<practicus::events::entries_left_out>(&e))
            complain(std::to_string(lost->count) + (lost->count == 1 ? " entry is" : " entries are") +
                     " not listed: " + std::string(lost->reason) + (lost->count == 1 ? "" : ", ..."));
    };
    return options;
}

void tell_exposed()
{
    try {
        for (auto const& text : practicus::core_conf::exposed())
            complain(text);
    } catch (practicus::error const&) {
        // Without HOME there is no such file.
    }
}

practicus::region choose_region(settings const& with, std::string_view target)
{
    tell_exposed();
    if (!with.region.empty()) return practicus::find_region(with.region);
    if (!with.url.empty()) return practicus::find_region(practicus::service_url(with.url).str());
    if (target.find("://") != target.npos) return practicus::find_region_serving(target);
    return practicus::default_region();
}

std::optional<practicus::credentials> environment_login(practicus::service_url const& url)
{
    try {
        if (practicus::service_url(practicus::environment_url()) != url) return std::nullopt;
    } catch (practicus::error const&) {
        return std::nullopt;
    }
    return practicus::credentials_from_environment();
}

int print(std::string const& text)
{
    if (!(std::cout << text << std::flush))
        throw std::runtime_error("standard output cannot be written; is it closed, or the disk full?");
    return exit_code::success;
}

int explain(settings const& with)
{
    try {
        throw;
    } catch (practicus::error const& e) {
        if (code_of(e) == exit_code::interrupted) {
            complain("interrupted");
            return exit_code::interrupted;
        }
        complain(e.what());
        if (!e.info().server_message.empty()) tell("The region says: " + e.info().server_message);
        if (e.info().retry_after)
            tell("The region asks to wait for " + std::to_string(e.info().retry_after->count()) + " s.");
        if (auto const text = hint(e); !text.empty()) tell(text);
        if (with.verbose && e.info().attempts != 0)
            tell("* " + std::to_string(e.info().attempts) +
                 (e.info().attempts == 1 ? " attempt in " : " attempts in ") +
                 std::to_string(e.info().elapsed.count()) + " ms");
        return code_of(e);
    } catch (usage_error const& e) {
        complain(e.what());
        return exit_code::usage;
    } catch (boost::system::system_error const& e) {
        // Its text would name a source line of Boost.
        if (e.code() == boost::asio::error::operation_aborted) {
            complain("interrupted");
            return exit_code::interrupted;
        }
        complain(e.code().message());
    } catch (std::exception const& e) {
        complain(e.what());
    }
    return exit_code::failure;
}

} // namespace cli
