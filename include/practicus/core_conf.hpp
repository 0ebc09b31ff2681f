// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/ascii.hpp>
#include <practicus/detail/config.hpp>
#include <practicus/detail/ini_file.hpp>
#include <practicus/detail/posix_file.hpp>
#include <practicus/detail/rows.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
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
    /// to the file, unless somebody else has logged in there. All programs that use the region share its
    /// tokens, in files of mode 0600 in the folder `tokens` beside the file, which this makes: they log in
    /// once, and none takes another's refresh token away. Where nothing can be shared (a folder that can not
    /// be written, or is not this user's alone, or a file system without locks), or with
    /// `client_options::store(nullptr)`, a program is on its own. Throws `errc::login_required`, and for the
    /// file what `core_conf` throws.
    client_options options() const;

    /// Removes what programs share of its tokens; those that run go on with what they have. Throws
    /// `errc::file_error`.
    void erase_tokens() const;

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
/// either). A new file gets what the SDK would have begun it with. The file gets mode 0600, for it holds
/// refresh tokens. A file that can not be understood is never written over. Thread safety: as a
/// `std::string`.
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
    explicit core_conf(std::string path = default_path()) : file_(std::move(path)) {}

    /// The file's.
    std::string const& path() const noexcept { return file_.path(); }

    /// In the file's order; without what holds no url that can be used.
    std::vector<region> regions() const
    {
        std::vector<region> result;
        for (auto const& s : file_.sections())
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
        throw error(errc::login_required, "no region in '" + path() + "'; log in to one first");
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
            throw error(errc::login_required, "no such region in '" + path() + "'; log in to it first");
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
        set_default(find(key_or_host).key());
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
        if (file_.sections().empty()) begin();
        file_.section("k8s");
        auto* to = section_of_key(r.key());
        if (to == nullptr) to = &file_.section(section_prefix + std::to_string(renumber()));
        to->set("host_url", without_slash(r.url()));
        if (!r.email().empty()) to->set("email", r.email());
        to->set("username", r.username());
        // An encrypted password of before may be another's.
        to->erase("password");
        to->set("refresh_token", r.login().value().reveal());
        if (default_key().empty()) make_default(r.key());
        return *this;
    }

    /// What the region has replaced; the rest of the region's section stays. Throws as `find`.
    core_conf& replace_refresh_token(std::string_view key_or_host, secret const& token)
    {
        section_of_key(find(key_or_host).key())->set("refresh_token", token.reveal());
        return *this;
    }

    /// The first region that is left becomes the default, if this was. Throws as `find`.
    core_conf& erase(std::string_view key_or_host)
    {
        auto const key = find(key_or_host).key();
        std::erase_if(file_.sections(), [&](auto const& s) {
            auto const r = read_region(s);
            return r && r->key() == key;
        });
        renumber();
        if (default_key() == key) {
            auto const left = regions();
            set_default(left.empty() ? std::string() : left.front().key());
        }
        return *this;
    }

    /// All of them, also those that can not be used.
    core_conf& erase_regions()
    {
        std::erase_if(file_.sections(), [](auto const& s) { return is_region(s); });
        set_default({});
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

    /// The SDK trusts the system's certificates as well as its own. Default: on, and so is `auto`, which the
    /// SDK replaces when it first sees it. This client has none of its own, and trusts the system's unless
    /// `tls_options::system_roots` says otherwise.
    bool trusts_local_certificates() const
    {
        auto const is = value("network", "trust_local_certificates");
        return is.empty() || detail::equals_ignoring_case(is, "true") ||
               detail::equals_ignoring_case(is, "auto");
    }

    /// Writes the file, and its folder if that is not there. Others read the old one or the new one, never a
    /// part. Throws `errc::file_error`.
    void save() const
    {
        make_folder(path());
        file_.save();
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
    static constexpr char const* section_prefix = "k8s_config_";

    static bool is_region(detail::ini_section const& s)
    {
        std::string_view const name = s.name;
        return name.starts_with(section_prefix) &&
               detail::is_digits(name.substr(std::string_view(section_prefix).size()));
    }

    std::string value(std::string_view section, std::string_view key) const
    {
        return file_.value(section, key);
    }

    void set_default(std::string const& key) { file_.section("k8s").set("default_region_key", key); }

    /// What the SDK expects to find in any file: without it, each of its starts complains.
    void begin()
    {
        struct
        {
            char const *section, *key, *value;
        } static constexpr defaults[] = {{"cloud", "default_config", "-1"},
                                         {"cloud", "latest_node_number", "0"},
                                         {"cloud", "upload_chunk_mb", "5"},
                                         {"cloud", "download_chunk_mb", "5"},
                                         {"cloud", "auto_verify_mp_subscriptions", "True"},
                                         {"cloud", "default_cpu_node_disk_size", "20"},
                                         {"cloud", "default_gpu_node_disk_size", "60"},
                                         {"cloud", "local_container_enabled", "False"},
                                         {"cloud", "google_maps_api_key", ""},
                                         {"org_config", "last_check_date", ""},
                                         {"org_config", "hash_value", ""},
                                         {"org_config", "refresh_interval", "1440"},
                                         {"network", "bypass_ssl_verification", "False"},
                                         {"network", "trust_local_certificates", "auto"},
                                         {"network", "aws_custom_vpc", ""},
                                         {"network", "aws_custom_subnet", ""},
                                         {"network", "proxy_host", ""},
                                         {"network", "proxy_port", ""},
                                         {"network", "proxy_user", ""},
                                         {"network", "proxy_pwd", ""},
                                         {"network", "proxy_custom_ssh", ""},
                                         {"container", "engine", "docker"}};
        for (auto const& d : defaults)
            file_.section(d.section).set(d.key, d.value);
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

    std::optional<region> read_region(detail::ini_section const& s) const
    {
        if (!is_region(s)) return std::nullopt;
        try {
            std::optional<credentials> login;
            if (auto const t = file_.value(s, "refresh_token"); !t.empty())
                login = credentials::refresh_token(t);
            return region(service_url(file_.value(s, "host_url")), file_.value(s, "username"),
                          file_.value(s, "email"), std::move(login), path());
        } catch (error const&) {
            return std::nullopt;
        }
    }

    detail::ini_section* section_of_key(std::string const& key)
    {
        for (auto& s : file_.sections())
            if (auto const r = read_region(s); r && r->key() == key) return &s;
        return nullptr;
    }

    /// The SDK counts them from 0, without gaps. Answers how many there are.
    std::size_t renumber()
    {
        std::size_t number = 0;
        for (auto& s : file_.sections())
            if (is_region(s)) s.name = section_prefix + std::to_string(number++);
        return number;
    }

    static std::string without_slash(service_url const& url)
    {
        auto text = url.str();
        if (text.ends_with('/')) text.pop_back();
        return text;
    }

    detail::ini_file file_;
};

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

namespace detail {

/// That of `PRT_URL`. Throws `errc::invalid_url`, with the variable's name.
inline std::optional<service_url> url_from_environment()
{
    auto const* text = std::getenv("PRT_URL");
    if (text == nullptr || *text == '\0') return std::nullopt;
    try {
        return service_url(text);
    } catch (error const& e) {
        throw error(errc::invalid_url, "PRT_URL: " + e.info().message);
    }
}

} // namespace detail

/// The region that the environment names: `PRT_URL`, with `PRT_TOKEN` or `PRT_EMAIL` and `PRT_PASSWORD`;
/// where those are not set, with what `core.conf` knows of that url. Nothing without a `PRT_URL`. Throws
/// `errc::invalid_url`, `errc::invalid_credentials`, `errc::login_required` and `errc::file_error`.
inline std::optional<region> region_from_environment()
{
    auto url = detail::url_from_environment();
    if (!url) return std::nullopt;
    auto login = credentials::from_environment();
    if (!login) return core_conf().find(url->str());
    auto email = login->email();
    return region(*std::move(url), {}, std::move(email), std::move(login));
}

/// The region to use where nobody has named one: the environment's, else the default of `core.conf`. A token
/// that the environment names without an url is nobody's. Errors as `region_from_environment`.
inline region default_region()
{
    if (auto r = region_from_environment()) return *std::move(r);
    return core_conf().default_region();
}

/// A region by its key, host or url: the environment's if it is that, else one of `core.conf`. A `PRT_URL`
/// that is none is not that. Throws `errc::login_required` if there is none, and `errc::invalid_argument` if
/// it is several users'.
inline region find_region(std::string_view key_or_host)
{
    std::optional<service_url> url;
    try {
        url = detail::url_from_environment();
    } catch (error const&) {
    }
    if (url && region(*url, {}, {}, {}).is_named(key_or_host) >= region::match::host_and_port)
        if (auto login = credentials::from_environment()) {
            auto email = login->email();
            return region(*std::move(url), {}, std::move(email), std::move(login));
        }
    return core_conf().find(key_or_host);
}

} // namespace practicus::inline v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/core_conf.ipp>
#endif
