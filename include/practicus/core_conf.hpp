// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/base/config.hpp>
#include <practicus/detail/base/ini_file.hpp>
#include <practicus/detail/base/ini_text.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 {

/// A login: a region and one of its users. The region is its service url in normal form, path included. The
/// user is the e-mail, else the name on the region. Thread safety: as a `std::string`.
class region
{
public:
    /// Makes a login. `username` is the user's name on the region; empty if it is unknown. `config_path` is
    /// the path of the `core_conf` that holds the login.
    region(service_url url, std::string username, std::string email, std::optional<credentials> login,
           std::string config_path = {})
        : url_(std::move(url)), host_url_(url_.str().substr(0, url_.str().size() - 1)),
          username_(std::move(username)), email_(std::move(email)), login_(std::move(login)),
          config_path_(std::move(config_path))
    {}

    /// Returns the service url.
    service_url const& url() const noexcept { return url_; }
    /// Returns the user's name on the region, or an empty text.
    std::string const& username() const noexcept { return username_; }
    /// Returns the user's e-mail, or an empty text.
    std::string const& email() const noexcept { return email_; }

    /// Returns the service url as it was typed, without a slash at its end. The SDK derives its key from it.
    std::string const& host_url() const noexcept { return host_url_; }

    /// Keeps the url as it was typed: case, port and path. Throws `errc::invalid_url`, and
    /// `errc::invalid_argument` for the url of another region.
    region& typed_as(std::string_view text);

    /// Returns the SDK's name for the login: `admin@practicus.company.com`, with port, path and case of
    /// `host_url`. Two logins may have the same key. Without a name, the user is the local part of the
    /// e-mail.
    [[nodiscard]] std::string key() const;

    /// The degree to which a text matches a login.
    enum class match
    {
        /// It matches another login.
        none,
        /// It matches the host alone.
        host,
        /// It matches the region, as a url or without its scheme.
        region,
        /// It matches the region and the user, by name or e-mail: `admin@practicus.company.com`.
        login
    };

    /// Returns the degree to which a text (a key, a host or a url) matches this login. Hosts and e-mails are
    /// compared without case; a default port may be left out. Throws `errc::invalid_url` for a text with
    /// `://` that is no service url.
    [[nodiscard]] match match_of(std::string_view text) const;

    /// Returns true if both are logins of one user to one region.
    [[nodiscard]] bool is_same_login(region const& other) const;

    /// Returns true if both may be logins of one user to one region: where an e-mail is unknown, the names
    /// decide.
    [[nodiscard]] bool may_be_same_login(region const& other) const;

    /// Returns the credentials. Throws `errc::login_required` if there are none.
    [[nodiscard]] credentials const& login() const;
    /// Returns true if there are credentials.
    bool has_login() const noexcept { return login_.has_value(); }
    /// Returns true if this is the default of its file.
    bool is_default() const noexcept { return is_default_; }

    /// Returns the options for a client of this login: the login, and the proxy and the TLS files that its
    /// `core_conf` holds. The region of the environment uses the environment's proxy.
    ///
    /// When the region replaces the refresh token, the new one is written to the file, if the file still
    /// holds the token that was replaced. A later login of the client is written as well, if it is known to
    /// be the same user's.
    ///
    /// All programs that use the region share its tokens, so they log in once, and no program uses up a
    /// refresh token of another. The tokens are in files of mode 0600 in the folder `tokens` beside the file,
    /// which this function makes. A program does not share if `client_options::store` is set. The same holds
    /// if the folder cannot be written or is not private, or if the file system has no locks.
    ///
    /// Throws `errc::login_required`, and the errors of `core_conf`.
    [[nodiscard]] client_options options() const;

    /// Stores the tokens of a login for the programs that share the region's tokens. The next program then
    /// needs no request for an access token. Has no effect where tokens cannot be shared. Throws
    /// `errc::file_error`.
    [[nodiscard]] boost::asio::awaitable<void> share_tokens(issued_tokens now) const;

    /// Removes the tokens that programs share; running programs keep theirs. Throws `errc::file_error`.
    void erase_tokens() const;

private:
    friend class core_conf;

    std::string user() const;

    region without_login() const;

    service_url url_;
    std::string host_url_;
    std::string username_;
    std::string email_;
    std::optional<credentials> login_;
    std::string config_path_;
    bool is_default_ = false;
};

/// The file in which the vendor's SDK keeps the logins of its user and the settings of the network. It is
/// parsed as Python's configparser does it.
///
/// The SDK reads what is written here. Unknown entries are kept; comments are not, as with the SDK. A new
/// file gets the entries of the SDK's own new file. The file has mode 0600, because it holds refresh tokens.
/// A file that cannot be parsed is never overwritten. Thread safety: as a `std::string`.
class core_conf
{
public:
    /// Returns `~/.practicus/core.conf`, below the directory that `HOME` names. Throws `errc::file_error` if
    /// `HOME` is not set.
    [[nodiscard]] static std::string default_path();

    /// Reads the file; a missing file counts as empty. Throws `errc::file_error`.
    explicit core_conf(std::string path = default_path()) : file_(std::move(path)) {}

    /// Returns the path of the file.
    std::string const& path() const noexcept { return file_.path(); }

    /// Returns the logins in the file's order, without those with an invalid url.
    [[nodiscard]] std::vector<region> regions() const;

    /// Returns the login that the file names as the default. Of several with the same key it is the first, as
    /// in the SDK. An `http` and an `https` url of one user are one login for the SDK: of these it is the
    /// last. Throws `errc::login_required`, with the keys of the file, if the file names no default or a
    /// missing one. As in the SDK, no other login replaces it, not even the only one.
    [[nodiscard]] region default_region() const;

    /// Returns a login by its key, host or url; a url may have the user in front. Throws
    /// `errc::login_required` if there is none, and `errc::invalid_argument` if there are several; both with
    /// the keys of the file.
    [[nodiscard]] region find(std::string_view name) const;

    /// Returns a login as `find` does. Of several users of one region, it returns the default if it is among
    /// them.
    [[nodiscard]] region choose(std::string_view name) const;

    /// Returns the login that serves the url of a model or an app: its service url is the longest beginning
    /// of the url. Of several users of that region, it returns the default if it is among them. Throws the
    /// errors of `find`, and `errc::invalid_url`.
    [[nodiscard]] region find_serving(std::string_view url) const;

    /// Returns the same login with the current content of the file, or nothing.
    [[nodiscard]] std::optional<region> find_login(region const& same) const;

    /// Returns the key that the file names as the default, or an empty text.
    [[nodiscard]] std::string default_key() const { return value("k8s", "default_region_key"); }

    /// Makes a login the default. Throws the errors of `find`.
    core_conf& make_default(std::string_view name) { return make_default(find(name)); }

    /// Makes a login the default. Throws `errc::login_required` for a login that is not in the file.
    core_conf& make_default(region const& r);

    /// Adds a login, or replaces that of the same user to the same region. The first login becomes the
    /// default. The e-mail is the region's, else that of the token's claim `sub`. A user name that cannot be
    /// written is replaced by the local part of the e-mail. A url that is in the file stays as it was typed.
    /// The default stays the same login, or becomes its replacement. Other sections without an e-mail get
    /// one, because the SDK otherwise reads no region at all.
    ///
    /// Throws `errc::invalid_argument` for a login without a refresh token (nothing else is kept), without an
    /// e-mail, or with one that cannot be written.
    core_conf& put(region const& given);

    /// Writes a refresh token that the region replaced; the rest of the section stays. Throws
    /// `errc::login_required` for a login that is not in the file.
    core_conf& replace_refresh_token(region const& r, secret const& token);

    /// Removes a login. Throws the errors of `find`.
    core_conf& erase(std::string_view name) { return erase(find(name)); }

    /// Removes a login. If it was the default and one other is left, that becomes the default; of several,
    /// none does. Throws `errc::login_required` for a login that is not in the file.
    core_conf& erase(region const& r);

    /// Removes all logins, also the invalid ones.
    core_conf& erase_regions();

    /// Removes the shared tokens of logins that are not in the file: the folder `tokens` beside it belongs to
    /// this file alone. Locks that are held stay. Throws `errc::file_error`.
    void erase_unused_tokens() const;

    /// Keeps the TLS files of a region, for all programs that use its logins: the members `ca_file`,
    /// `certificate_file` and `key_file`, as absolute paths. If all are empty, none is kept. They are removed
    /// with the region's last login. The SDK does not know them, and leaves them in the file. Throws
    /// `errc::invalid_argument` for a path that cannot be written, and for a key without a certificate.
    core_conf& keep_tls(service_url const& url, tls_options const& files);

    /// Returns the TLS files that are kept for a region.
    [[nodiscard]] tls_options tls(service_url const& url) const;

    /// Returns the proxy of the file, else default `proxy_options`. Throws `errc::invalid_argument` for an
    /// invalid proxy.
    [[nodiscard]] proxy_options proxy() const;

    /// Returns true if the file tells the SDK to verify no certificates. This client does not obey the file:
    /// a program sets `tls_options::disable_verification_and_expose_all_secrets` instead.
    [[nodiscard]] bool bypasses_verification() const;

    /// Returns true if the SDK trusts the system's certificates as well as its own. This is the default; so
    /// is `auto`, which the SDK replaces at its first start. This client has no certificates of its own, and
    /// trusts the system's unless `tls_options::system_roots` is false.
    [[nodiscard]] bool trusts_local_certificates() const;

    /// Writes the file, and makes its folder if it is missing. Readers see the old file or the new one, never
    /// a part. Throws `errc::file_error`.
    void save() const;

    /// Reads the file, applies `change` and writes it, under a lock that the SDK does not use. Blocks while
    /// another process holds the lock, for at most `patience`; before it blocks, it calls `waiting` once with
    /// the lock's path. Throws `errc::file_error`, and the exceptions of `change`.
    static void update(std::string const& path, std::function<void(core_conf&)> const& change,
                       std::function<void(std::string const& lock)> const& waiting = {},
                       std::chrono::milliseconds patience = std::chrono::seconds(10));

    /// The same without waiting. Returns false, without effect, if another process holds the lock.
    static bool try_update(std::string const& path, std::function<void(core_conf&)> const& change)
    {
        return update_within(path, change, {}, std::chrono::milliseconds(0));
    }

    /// Returns a sentence for the file, its folder and each folder of shared tokens that other users can
    /// access, with the command that fixes it. Others may read the file's own folder.
    [[nodiscard]] static std::vector<std::string> exposed(std::string const& path = default_path());

private:
    bool is_tls_of(detail::ini_section const& s, service_url const& url) const;

    /// Returns the login in the form of the file. Throws `errc::invalid_argument`.
    region checked(region const& r) const;

    static bool can_be_kept(std::string_view text) noexcept;

    /// Returns the e-mail that the token names, or an empty text.
    static std::string email_of(secret const& token);

    /// Adds an e-mail to sections that were written without one.
    void add_emails();

    /// Returns the login that the file's default names, or null.
    region* find_default(std::vector<region>& all) const;

    /// Returns the default, if the file holds it.
    std::optional<region> kept_default() const;

    /// Returns true if the SDK reads both as one login. When it saves, it keeps the last of such sections.
    static bool are_one_for_sdk(region const& a, region const& b);

    /// Moves the sections that the SDK reads as one with `r` together, with those of `r` at the end. They go
    /// to the place of the first of them, or to that of the first section for which `is_before` is true.
    void put_last(region const& r, std::function<bool(region const&)> const& is_before);

    /// Returns the logins that the text matches most specifically.
    static std::vector<region> named(std::string_view name, std::vector<region> const& all);

    /// Of several users of one region, keeps only the default, if it is among them.
    static void prefer_default(std::vector<region>& found);

    /// Returns the one login in `found`, which may hold it more than once.
    region only(std::vector<region> const& found, std::vector<region> const& all) const;

    static std::string names_of(std::vector<region> const& some, std::vector<region> const& all);

    /// Returns the shortest text that matches only this login.
    static std::string name_of(region const& r, std::vector<region> const& all);

    std::string value(std::string_view section, std::string_view key) const
    {
        return file_.value(section, key);
    }

    void set_default(std::string const& key) { file_.section("k8s").set("default_region_key", key); }

    /// Adds the entries that the SDK expects in each file: without them, it warns at each start.
    void write_defaults();

    /// Returns false if another process holds the lock for longer than `patience`.
    static bool update_within(std::string const& path, std::function<void(core_conf&)> const& change,
                              std::function<void(std::string const& lock)> const& waiting,
                              std::chrono::milliseconds patience);

    std::optional<region> read_region(detail::ini_section const& s) const;

    /// Returns the section, or null.
    detail::ini_section const* section_of(region const& r) const;

    detail::ini_section* section_of(region const& r);

    detail::ini_section& required(region const& r);

    /// Erases the sections of a login, except the section of that name.
    void erase_others_than(std::string kept, region const& r);

    /// Renumbers the sections from 0 without gaps, as the SDK expects, and returns their number.
    std::size_t renumber();

    detail::ini_file file_;
};

/// Returns `PRT_URL` without white space at its ends, which a secret mounted as a file leaves there; empty if
/// it is not set.
[[nodiscard]] std::string environment_url();

/// Returns the credentials of the environment, or nothing. The first that is set counts:
/// - `PRT_TOKEN`, a refresh, access or session token, by its `token_type` claim;
/// - `PRT_SESSION_TOKEN`, in any form;
/// - `PRT_SESSION_TOKEN_FILE`, see `session_token_file`;
/// - `PRT_EMAIL` with `PRT_PASSWORD`.
///
/// A blank value counts as not set, and a line end after the password is removed. Throws
/// `errc::invalid_credentials` and `errc::file_error`.
[[nodiscard]] std::optional<credentials> credentials_from_environment();

/// Returns the region that the environment names, or nothing without `PRT_URL`. It has
/// `credentials_from_environment`, or by default the login of `core.conf` for that url. Throws
/// `errc::invalid_url`, `errc::invalid_credentials`, `errc::login_required` and `errc::file_error`.
[[nodiscard]] std::optional<region> region_from_environment();

/// Returns the region to use by default: the environment's, else the default of `core.conf`. A token without
/// a url in the environment has no effect. Throws the errors of `region_from_environment` and
/// `core_conf::default_region`.
[[nodiscard]] region default_region();

/// Returns a region by its key, host or url: the environment's if it matches, else that of
/// `core_conf::choose`. Throws the same errors.
[[nodiscard]] region find_region(std::string_view name);

/// Returns the region that serves the url of a model or an app. Of the environment's region and those of
/// `core.conf`, it has the longest matching service url. If two are as long, it is the environment's.
/// Throws the errors of `core_conf::find_serving`.
[[nodiscard]] region find_region_serving(std::string_view url);

}} // namespace practicus::v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/core_conf.ipp>
#include <practicus/impl/core_conf/environment.ipp>
#include <practicus/impl/core_conf/region.ipp>
#endif
