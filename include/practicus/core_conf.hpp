// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/ascii.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/rows.hpp>
#include <practicus/detail/wipe.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/property_tree/ini_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <istream>
#include <optional>
#include <streambuf>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace practicus::inline v1 {

/// A region, and how somebody logs in to it. Thread safety: as a `std::string`.
class region
{
public:
    /// The user's name on the region may be empty, as long as nobody knows it. `kept_in`: the path of the
    /// `core_conf` that it is from, if it is.
    region(service_url url, std::string username, std::string email, std::optional<credentials> login,
           std::string kept_in = {})
        : url_(std::move(url)), username_(std::move(username)), email_(std::move(email)),
          login_(std::move(login)), kept_in_(std::move(kept_in))
    {}

    /// The service url.
    service_url const& url() const noexcept { return url_; }
    /// The user's name on the region, or empty.
    std::string const& username() const noexcept { return username_; }
    /// The user's e-mail, or empty.
    std::string const& email() const noexcept { return email_; }

    /// What the SDK calls it: `admin@practicus.company.com`, with the port unless it is the scheme's own.
    std::string key() const { return username_ + '@' + std::string(url_.host_header()); }

    /// How well a text names it.
    enum class match
    {
        /// It names another one.
        none,
        /// The host without the port.
        host,
        /// The host with the port, unless that is the scheme's own.
        host_and_port,
        /// The key, or the url.
        exact
    };

    /// How well does this text (a key, a host, a url) name it? Throws `errc::invalid_url` for a text with
    /// `://` that is no service url.
    match is_named(std::string_view text) const
    {
        if (text == key()) return match::exact;
        if (text.find("://") != std::string_view::npos)
            return service_url(text) == url_ ? match::exact : match::none;
        if (text == url_.host_header()) return match::host_and_port;
        return text == url_.host() ? match::host : match::none;
    }

    /// Throws `errc::login_required` if nothing is known to log in with.
    credentials const& login() const
    {
        if (!login_) throw error(errc::login_required, "nobody is logged in to '" + key() + "'");
        return *login_;
    }
    /// Is anything known to log in with?
    bool has_login() const noexcept { return login_.has_value(); }
    /// It is the default of the file that it is from.
    bool is_default() const noexcept { return is_default_; }

    /// What a client for it is made with: the login, and the proxy of the file that it is from (the
    /// environment's region has the environment's). A refresh token that the region replaces is written back
    /// to the file. Throws `errc::login_required`, and for the file what `core_conf` throws.
    client_options options() const;

private:
    friend class core_conf;

    service_url url_;
    std::string username_;
    std::string email_;
    std::optional<credentials> login_;
    std::string kept_in_;
    bool is_default_ = false;
};

/// The file in which the vendor's SDK keeps the regions that its user has logged in to, and how the network
/// is to be used. Names of keys are read in any case, as the SDK reads them.
///
/// What is written here the SDK reads; what is not known is kept, but for comments (the SDK keeps none
/// either). The file gets mode 0600, for it holds refresh tokens. A file that can not be understood is never
/// written over. Thread safety: as a `std::string`.
class core_conf
{
public:
    /// `~/.practicus/core.conf`, of the user whose `HOME` it is. Throws `errc::file_error` without one.
    static std::string default_path()
    {
        auto const* home = std::getenv("HOME");
        if (home == nullptr || *home == '\0')
            throw error(errc::file_error, "core.conf can not be found: HOME is not set");
        return std::string(home) + "/.practicus/core.conf";
    }

    /// Reads the file; one that is not there counts as empty. Throws `errc::file_error`.
    explicit core_conf(std::string path = default_path()) : path_(std::move(path)) { read(); }

    /// A copy has what was read and changed so far, and saves to the same file.
    core_conf(core_conf const&) = default;
    /// Takes over what was read and changed so far.
    core_conf(core_conf&&) = default;
    /// A copy, as the constructor's.
    core_conf& operator=(core_conf const&) = default;
    /// Takes over, as the constructor.
    core_conf& operator=(core_conf&&) = default;
    ~core_conf()
    {
        for (auto& s : sections_)
            for (auto& v : s.values)
                detail::wipe(v.second.data(), v.second.size());
    }

    /// The file's.
    std::string const& path() const noexcept { return path_; }

    /// In the file's order; without what holds no url that can be used.
    std::vector<region> regions() const
    {
        std::vector<region> result;
        for (auto const& s : sections_)
            if (auto r = read_region(s)) result.push_back(std::move(*r));
        auto const key = default_key();
        auto found =
            std::find_if(result.begin(), result.end(), [&](auto const& r) { return r.key() == key; });
        if (found == result.end()) found = result.begin();
        if (found != result.end()) found->is_default_ = true;
        return result;
    }

    /// The one that the file names, else its first. Throws `errc::login_required` if there is none.
    region default_region() const
    {
        for (auto& r : regions())
            if (r.is_default()) return r;
        throw error(errc::login_required, "no region in '" + path_ + "'; log in to one first");
    }

    /// By its key, host or url. Throws `errc::login_required` if there is none, and `errc::invalid_argument`
    /// if it names several.
    region find(std::string_view key_or_host) const
    {
        std::optional<region> found, other;
        auto best = region::match::host;
        for (auto& r : regions()) {
            auto const m = r.is_named(key_or_host);
            if (m == region::match::none || m < best) continue;
            if (m > best) found.reset();
            if (m > best || !found) other.reset();
            best = m;
            (found ? other : found) = std::move(r);
        }
        if (!found)
            throw error(errc::login_required, "no such region in '" + path_ + "'; log in to it first");
        if (other && other->key() != found->key())
            throw error(errc::invalid_argument,
                        "several regions are named so; name one: " + found->key() + " or " + other->key());
        return *std::move(found);
    }

    /// The key of the region that the file names as the default, or an empty one.
    std::string default_key() const { return value("k8s", "default_region_key"); }

    /// Throws as `find`.
    core_conf& make_default(std::string_view key_or_host)
    {
        set(section_of("k8s"), "default_region_key", find(key_or_host).key());
        return *this;
    }

    /// Adds a region, or takes the place of the one with its key; the first becomes the default. Throws
    /// `errc::invalid_argument` for one without a refresh token (nothing else is kept), or whose user's name
    /// is unknown or could not be written.
    core_conf& put(region const& r)
    {
        if (!r.has_login() || r.login().type() != credentials::kind::refresh_token)
            throw error(errc::invalid_argument, "a region is kept with its refresh token alone");
        if (r.username().empty() || detail::has_control(r.username()) || detail::has_control(r.email()))
            throw error(errc::invalid_argument, "the region's user has no name that can be kept");
        section_of("k8s");
        auto* to = section_of_key(r.key());
        if (to == nullptr) to = &section_of(section_prefix + std::to_string(renumber()));
        set(*to, "host_url", without_slash(r.url()));
        if (!r.email().empty()) set(*to, "email", r.email());
        set(*to, "username", r.username());
        // An encrypted password of before may be another's.
        erase(*to, "password");
        set(*to, "refresh_token", std::string(r.login().value().reveal()));
        if (default_key().empty()) make_default(r.key());
        return *this;
    }

    /// The first region that is left becomes the default, if this was. Throws as `find`.
    core_conf& erase(std::string_view key_or_host)
    {
        auto const key = find(key_or_host).key();
        std::erase_if(sections_, [&](auto const& s) {
            auto const r = read_region(s);
            return r && r->key() == key;
        });
        renumber();
        if (default_key() == key) {
            auto const left = regions();
            set(section_of("k8s"), "default_region_key", left.empty() ? std::string() : left.front().key());
        }
        return *this;
    }

    /// All of them, also those that can not be used.
    core_conf& erase_regions()
    {
        std::erase_if(sections_, [](auto const& s) { return is_region(s); });
        set(section_of("k8s"), "default_region_key", std::string());
        return *this;
    }

    /// The file's proxy, or what `proxy_options` does by itself. Throws `errc::invalid_argument` for one that
    /// can not be used.
    proxy_options proxy() const
    {
        proxy_options result;
        auto host = value("network", "proxy_host");
        if (host.empty()) return result;
        if (auto const port = value("network", "proxy_port"); !port.empty()) host += ':' + port;
        result.url(host);
        if (auto const user = value("network", "proxy_user"); !user.empty())
            result.credentials(user, value("network", "proxy_pwd"));
        return result;
    }

    /// The SDK is told to verify no certificates. This client does not obey: who wants that calls
    /// `tls_options::disable_verification_and_expose_all_secrets`.
    bool bypasses_verification() const
    {
        return detail::equals_ignoring_case(value("network", "bypass_ssl_verification"), "true");
    }

    /// The SDK trusts the system's certificates as well as its own. Default: on. This client has none of its
    /// own, and trusts the system's unless `tls_options::system_roots` says otherwise.
    bool trusts_local_certificates() const
    {
        auto const is = value("network", "trust_local_certificates");
        return is.empty() || detail::equals_ignoring_case(is, "true");
    }

    /// Writes the file, and its folder if that is not there. Others read the old one or the new one, never a
    /// part. Throws `errc::file_error`.
    void save() const
    {
        make_folder(path_);
        auto text = write();
        try {
            detail::replace_file(behind_links(path_), text, detail::durability::machine);
        } catch (...) {
            detail::wipe(text.data(), text.size());
            throw;
        }
        detail::wipe(text.data(), text.size());
    }

    /// Reads the file, changes it and writes it, while others who do the same wait; the SDK does not. Throws
    /// `errc::file_error`, and what the change throws.
    static void update(std::string const& path, std::function<void(core_conf&)> const& change)
    {
        update(path, change, LOCK_EX);
    }

    /// The same without waiting: false if another process is at it, and nothing was done.
    static bool try_update(std::string const& path, std::function<void(core_conf&)> const& change)
    {
        return update(path, change, LOCK_EX | LOCK_NB);
    }

private:
    struct section
    {
        std::string name;
        std::vector<std::pair<std::string, std::string>> values;
    };

    static constexpr char const* section_prefix = "k8s_config_";
    static constexpr std::size_t largest = 1 << 20;

    static bool is_region(section const& s)
    {
        std::string_view const name = s.name;
        return name.starts_with(section_prefix) &&
               detail::is_digits(name.substr(std::string_view(section_prefix).size()));
    }

    /// The one that the file is in.
    static void make_folder(std::string const& path)
    {
        auto const folder = std::filesystem::path(path).parent_path();
        if (!folder.empty() && ::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
            detail::throw_file_error(folder.string(), "can not be made");
    }

    static bool update(std::string const& path, std::function<void(core_conf&)> const& change, int how)
    {
        make_folder(path);
        // The file itself is replaced: its lock would go with it.
        detail::posix_file const lock(path + ".lock", O_RDWR | O_CREAT, 0600);
        while (::flock(lock.descriptor(), how) != 0) {
            if (errno == EWOULDBLOCK) return false;
            if (errno != EINTR) detail::throw_file_error(lock.path(), "can not be locked");
        }
        core_conf now(path);
        change(now);
        now.save();
        return true;
    }

    struct view_buffer : std::streambuf
    {
        explicit view_buffer(std::string& text) { setg(text.data(), text.data(), text.data() + text.size()); }
    };

    void read()
    {
        detail::posix_file const from(path_, std::nothrow, O_RDONLY);
        if (!from.is_open() && (errno == ENOENT || errno == ENOTDIR)) return;
        if (!from.is_open()) detail::throw_file_error(path_, "can not be read");
        auto const size = static_cast<std::size_t>(from.status().st_size);
        if (size > largest) throw error(errc::file_error, "'" + path_ + "' is too large");
        auto text = from.read(size);
        boost::property_tree::ptree tree;
        std::vector<std::string> names;
        try {
            names = check(text);
            view_buffer buffer(text);
            std::istream in(&buffer);
            boost::property_tree::read_ini(in, tree);
        } catch (boost::property_tree::ini_parser_error const& e) {
            detail::wipe(text.data(), text.size());
            throw error(errc::file_error, "'" + path_ + "' can not be understood, line " +
                                              std::to_string(e.line()) + ": " + e.message());
        } catch (...) {
            detail::wipe(text.data(), text.size());
            throw;
        }
        detail::wipe(text.data(), text.size());
        // The parser knows no empty ones.
        for (auto const& name : names) {
            section s{name, {}};
            if (auto found = tree.find(name); found != tree.not_found())
                for (auto& [key, leaf] : found->second) {
                    s.values.emplace_back(lower(key), leaf.data());
                    detail::wipe(leaf.data().data(), leaf.data().size());
                }
            sections_.push_back(std::move(s));
        }
    }

    /// The sections' names. Throws for what the SDK's parser, Python's configparser, reads in another way
    /// than Boost's: it would be written back as something else.
    std::vector<std::string> check(std::string_view text) const
    {
        std::vector<std::string> names;
        std::size_t number = 0;
        while (!text.empty()) {
            auto line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            ++number;
            while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
                line.remove_suffix(1);
            if (line.empty() || line.front() == '#' || line.front() == ';') continue;
            if (line.front() == ' ' || line.front() == '\t') refuse(number, "it begins with a space");
            if (line.front() == '[') {
                auto const name = line.substr(1, line.size() - 2);
                if (line.back() != ']' || name.empty() || name.find(']') != name.npos ||
                    name.front() == ' ' || name.back() == ' ' || name == "DEFAULT")
                    refuse(number, "it is no section's name as the SDK writes them");
                names.emplace_back(name);
            } else {
                if (names.empty()) refuse(number, "it stands in no section");
                auto const end = line.find_first_of("=:");
                if (end == line.npos || line[end] == ':') refuse(number, "it is not 'key = value'");
            }
        }
        return names;
    }

    [[noreturn]] void refuse(std::size_t line, char const* why) const
    {
        throw error(errc::file_error, "'" + path_ + "' can not be understood, line " + std::to_string(line) +
                                          ": " + why + "; mend the line");
    }

    static std::string lower(std::string text)
    {
        std::transform(text.begin(), text.end(), text.begin(), detail::to_lower);
        return text;
    }

    /// A link stays one, also if there is nothing behind it yet.
    static std::string behind_links(std::filesystem::path path)
    {
        constexpr int most = 40;
        std::error_code none;
        for (int i = 0; i != most && std::filesystem::is_symlink(path, none); ++i)
            path = path.parent_path() / std::filesystem::read_symlink(path, none);
        return path.string();
    }

    // As Python's configparser does it.
    std::string write() const
    {
        std::string text;
        for (auto const& s : sections_) {
            text.append("[").append(s.name).append("]\n");
            for (auto const& [key, leaf] : s.values)
                text.append(key).append(" = ").append(leaf).append("\n");
            text += '\n';
        }
        return text;
    }

    std::optional<region> read_region(section const& s) const
    {
        if (!is_region(s)) return std::nullopt;
        try {
            std::optional<credentials> login;
            if (auto const t = value(s, "refresh_token"); !t.empty()) login = credentials::refresh_token(t);
            return region(service_url(value(s, "host_url")), value(s, "username"), value(s, "email"),
                          std::move(login), path_);
        } catch (error const&) {
            return std::nullopt;
        }
    }

    static std::string value(section const& s, std::string_view key)
    {
        for (auto const& v : s.values)
            if (v.first == key) return v.second;
        return {};
    }

    std::string value(std::string_view name, std::string_view key) const
    {
        for (auto const& s : sections_)
            if (s.name == name) return value(s, key);
        return {};
    }

    static void set(section& s, std::string_view key, std::string text)
    {
        for (auto& v : s.values) {
            if (v.first != key) continue;
            detail::wipe(v.second.data(), v.second.size());
            v.second = std::move(text);
            return;
        }
        s.values.emplace_back(key, std::move(text));
    }

    static void erase(section& s, std::string_view key)
    {
        std::erase_if(s.values, [&](auto const& v) { return v.first == key; });
    }

    section& section_of(std::string_view name)
    {
        for (auto& s : sections_)
            if (s.name == name) return s;
        return sections_.emplace_back(section{std::string(name), {}});
    }

    section* section_of_key(std::string const& key)
    {
        for (auto& s : sections_)
            if (auto const r = read_region(s); r && r->key() == key) return &s;
        return nullptr;
    }

    /// The SDK counts them from 0, without gaps. Answers how many there are.
    std::size_t renumber()
    {
        std::size_t number = 0;
        for (auto& s : sections_)
            if (is_region(s)) s.name = section_prefix + std::to_string(number++);
        return number;
    }

    static std::string without_slash(service_url const& url)
    {
        auto text = url.str();
        if (text.ends_with('/')) text.pop_back();
        return text;
    }

    std::string path_;
    std::vector<section> sections_;
};

namespace detail {

/// From the path and the key on, for a coroutine that outlives who starts it.
inline boost::asio::awaitable<void> keep_refresh_token(std::string path, std::string key, issued_tokens now)
{
    auto const token = now.refresh().value();
    if (token.empty()) co_return;
    // Most refreshes bring the same one, and the SDK, which locks nothing, may be writing.
    auto const known = core_conf(path).find(key);
    if (known.has_login() && known.login().value() == token) co_return;
    std::function<void(core_conf&)> const change = [&](core_conf& conf) {
        auto const r = conf.find(key);
        auto const& name = r.username().empty() ? now.username() : r.username();
        conf.put(region(r.url(), name, r.email(), credentials::refresh_token(token.reveal())));
    };
    boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
    while (!core_conf::try_update(path, change)) {
        timer.expires_after(std::chrono::milliseconds(20));
        co_await timer.async_wait(boost::asio::use_awaitable);
    }
}

} // namespace detail

inline client_options region::options() const
{
    client_options result;
    result.credentials(login());
    if (kept_in_.empty()) return result;
    result.proxy(core_conf(kept_in_).proxy());
    result.on_tokens([path = kept_in_, key = key()](issued_tokens now) {
        return detail::keep_refresh_token(path, key, std::move(now));
    });
    return result;
}

namespace detail {

/// As users of the SDK know them.
struct region_row
{
    std::string key, url, username, email;
    bool is_default = false;
};

inline auto region_columns()
{
    using row = region_row;
    return std::tuple(column("key", &row::key), column("url", &row::url), column("username", &row::username),
                      column("email", &row::email), column("is_default", &row::is_default));
}

inline std::vector<region_row> rows_of(std::vector<region> const& regions)
{
    std::vector<region_row> rows;
    for (auto const& r : regions)
        rows.push_back({r.key(), r.url().str(), r.username(), r.email(), r.is_default()});
    return rows;
}

} // namespace detail

/// As `to_csv` of catalogs.
inline std::string to_csv(std::vector<region> const& regions)
{
    return detail::rows_as_csv(detail::region_columns(), detail::rows_of(regions));
}

/// As `to_json` of catalogs.
inline std::string to_json(std::vector<region> const& regions)
{
    return detail::rows_as_json(detail::region_columns(), detail::rows_of(regions));
}

/// As `to_table` of catalogs.
inline std::string to_table(std::vector<region> const& regions)
{
    return detail::rows_as_table(detail::region_columns(), detail::rows_of(regions));
}

/// The region that the environment names: `PRT_URL`, with `PRT_TOKEN` or `PRT_EMAIL` and `PRT_PASSWORD`;
/// where those are not set, with what `core.conf` knows of that url. Nothing without a `PRT_URL`. Throws
/// `errc::invalid_url`, `errc::invalid_credentials`, `errc::login_required` and `errc::file_error`.
inline std::optional<region> region_from_environment()
{
    auto const* url = std::getenv("PRT_URL");
    if (url == nullptr || *url == '\0') return std::nullopt;
    auto login = credentials::from_environment();
    if (!login) return core_conf().find(service_url(url).str());
    auto email = login->email();
    return region(service_url(url), {}, std::move(email), std::move(login));
}

/// The region to use where nobody has named one: the environment's, else the default of `core.conf`. A token
/// that the environment names without an url is nobody's. Errors as `region_from_environment`.
inline region default_region()
{
    if (auto r = region_from_environment()) return *std::move(r);
    return core_conf().default_region();
}

/// A region by its key, host or url: the environment's if it is that, else one of `core.conf`. Throws
/// `errc::login_required` if there is none, and `errc::invalid_argument` if it is several users'.
inline region find_region(std::string_view key_or_host)
{
    if (auto const* url = std::getenv("PRT_URL"); url != nullptr && *url != '\0')
        if (auto login = credentials::from_environment()) {
            auto email = login->email();
            region const r(service_url(url), {}, std::move(email), std::move(login));
            if (r.is_named(key_or_host) >= region::match::host_and_port) return r;
        }
    return core_conf().find(key_or_host);
}

} // namespace practicus::inline v1
