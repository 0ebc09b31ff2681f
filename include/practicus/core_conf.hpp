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

/// A login: a region and one of its users. The region is its service url in normal form, path included; the
/// user is the e-mail, else the name on the region. Thread safety: as a `std::string`.
class region
{
public:
    /// The user's name on the region is empty while it is unknown. `kept_in` is the path of the `core_conf`
    /// that the region is from.
    region(service_url url, std::string username, std::string email, std::optional<credentials> login,
           std::string kept_in = {})
        : url_(std::move(url)), host_url_(url_.str().substr(0, url_.str().size() - 1)),
          username_(std::move(username)), email_(std::move(email)), login_(std::move(login)),
          config_path_(std::move(kept_in))
    {}

    /// The service url.
    service_url const& url() const noexcept { return url_; }
    /// The user's name on the region, or empty.
    std::string const& username() const noexcept { return username_; }
    /// The user's e-mail, or empty.
    std::string const& email() const noexcept { return email_; }

    /// The service url as it was typed, without a slash at its end: the SDK forms its key from it.
    std::string const& host_url() const noexcept { return host_url_; }

    /// Keeps the url as it was typed: case, port and path. Throws `errc::invalid_url`, and
    /// `errc::invalid_argument` for the url of another region.
    region& typed_as(std::string_view text);

    /// The SDK's name for the login: `admin@practicus.company.com`, with port, path and case of `host_url`.
    /// Two logins may have the same one. Without a name, the user is the local part of the e-mail.
    [[nodiscard]] std::string key() const;

    /// How well a text names it.
    enum class match
    {
        /// It names another one.
        none,
        /// The host alone.
        host,
        /// The region, as a url or without its scheme.
        region,
        /// The region and the user, by name or e-mail: `admin@practicus.company.com`.
        login
    };

    /// Returns how well a text names it: a key, a host or a url. Hosts and e-mails have no case; a default
    /// port may be left out. Throws `errc::invalid_url` for a text with `://` that is no service url.
    [[nodiscard]] match match_of(std::string_view text) const;

    /// Returns true if both are logins of one user to one region.
    [[nodiscard]] bool is_same_login(region const& other) const;

    /// The same, where the e-mail of one is unknown: by the name.
    [[nodiscard]] bool may_be_same_login(region const& other) const;

    /// Throws `errc::login_required` if nothing is known to log in with.
    [[nodiscard]] credentials const& login() const;
    /// Is anything known to log in with?
    bool has_login() const noexcept { return login_.has_value(); }
    /// It is the default of the file that it is from.
    bool is_default() const noexcept { return is_default_; }

    /// What a client for it is made with: the login, and the proxy and the files for TLS of the file that it
    /// is from (the environment's region has the environment's proxy). A refresh token that the region
    /// replaces is written back to the file, if it has come from the one that is there; so is a later login
    /// of the client, if it is known to be the same user's. All programs that use the region share its
    /// tokens, in files of mode 0600 in the folder `tokens` beside the file, which this makes: they log in
    /// once, and none takes another's refresh token away. Where nothing can be shared (a folder that cannot
    /// be written, or is not this user's alone, or a file system without locks), or with
    /// `client_options::store`, a program is on its own. Throws `errc::login_required`, and for the
    /// file what `core_conf` throws.
    [[nodiscard]] client_options options() const;

    /// Leaves what a login has issued to the programs that share the region's tokens, so that the next one
    /// needs no request for an access token. Has no effect where nothing can be shared. Throws
    /// `errc::file_error`.
    [[nodiscard]] boost::asio::awaitable<void> share_tokens(issued_tokens now) const;

    /// Removes what programs share of its tokens; those that run go on with what they have. Throws
    /// `errc::file_error`.
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

/// The file in which the vendor's SDK keeps the regions that its user has logged in to, and how the network
/// is to be used. It is read as Python's configparser reads it.
///
/// What is written here the SDK reads; what is not known is kept, but for comments (the SDK keeps none
/// either). A new file gets what the SDK would have begun it with. The file gets mode 0600, for it holds
/// refresh tokens. A file that cannot be understood is never written over. Thread safety: as a
/// `std::string`.
class core_conf
{
public:
    /// `~/.practicus/core.conf`, of the user whose `HOME` it is. Throws `errc::file_error` without one.
    [[nodiscard]] static std::string default_path();

    /// Reads the file; one that is not there counts as empty. Throws `errc::file_error`.
    explicit core_conf(std::string path = default_path()) : file_(std::move(path)) {}

    /// The file's.
    std::string const& path() const noexcept { return file_.path(); }

    /// In the file's order; without what holds no url that can be used.
    [[nodiscard]] std::vector<region> regions() const;

    /// The one that the file names; of several that have the same key the first, as the SDK does it, and of
    /// an `http` and an `https` url of one user, which are one login for the SDK, the last. Throws
    /// `errc::login_required`, with the keys there are, if the file names none or one that is not there: the
    /// SDK takes no other one either, not even the only one.
    [[nodiscard]] region default_region() const;

    /// By its key, host or url; the user may stand before a url too. Throws `errc::login_required` if there
    /// is none, and `errc::invalid_argument` if it names several; both with the keys there are.
    [[nodiscard]] region find(std::string_view name) const;

    /// As `find`, but where a host or a url names one region and that has several users, the default is
    /// taken if it is among them.
    [[nodiscard]] region choose(std::string_view name) const;

    /// The login that serves a model's or an app's url: of the region whose service url is the longest
    /// beginning of it. Of several users of that region the default is taken if it is among them. Throws as
    /// `find`, and `errc::invalid_url`.
    [[nodiscard]] region find_serving(std::string_view url) const;

    /// The same login, as the file has it now, if it is there.
    [[nodiscard]] std::optional<region> find_login(region const& same) const;

    /// The key of the region that the file names as the default, or an empty one.
    [[nodiscard]] std::string default_key() const { return value("k8s", "default_region_key"); }

    /// Throws as `find`.
    core_conf& make_default(std::string_view name) { return make_default(find(name)); }

    /// Throws `errc::login_required` for a login that is not in the file.
    core_conf& make_default(region const& r);

    /// Adds a login, or takes the place of the same user's to the same region; the first becomes the default.
    /// The e-mail is the region's, else that of the token's claim `sub`. A user's name that could not be
    /// written is replaced by the local part of the e-mail. A url that is there already stays as it was
    /// typed, and the default stays the same login, or becomes what takes its place. Other sections that lack
    /// an e-mail get one, for the SDK reads no region at all otherwise.
    ///
    /// Throws `errc::invalid_argument` for one without a refresh token (nothing else is kept), without an
    /// e-mail, or with one that could not be written.
    core_conf& put(region const& given);

    /// What the region has replaced; the rest of the login's section stays. Throws `errc::login_required` for
    /// a login that is not in the file.
    core_conf& replace_refresh_token(region const& r, secret const& token);

    /// Throws as `find`.
    core_conf& erase(std::string_view name) { return erase(find(name)); }

    /// Forgets a login. If it was the default, the only other one becomes it; of several none does. Throws
    /// `errc::login_required` for a login that is not in the file.
    core_conf& erase(region const& r);

    /// All of them, also those that cannot be used.
    core_conf& erase_regions();

    /// Removes what programs have shared of logins that the file does not have: the folder `tokens` beside it
    /// is this file's alone. Locks that are held stay. Throws `errc::file_error`.
    void erase_unused_tokens() const;

    /// Keeps the files that TLS to a region needs, for all programs that use its logins: `ca_file` and the
    /// two of `client_certificate`, as absolute paths; none, if all are empty. They are forgotten with the
    /// region's last login. The SDK does not know them, and leaves them in the file. Throws
    /// `errc::invalid_argument` for a path that could not be written.
    core_conf& keep_tls(service_url const& url, tls_options const& files);

    /// What is kept of that for a region.
    [[nodiscard]] tls_options tls(service_url const& url) const;

    /// The file's proxy, or what `proxy_options` does by itself. Throws `errc::invalid_argument` for one that
    /// cannot be used.
    [[nodiscard]] proxy_options proxy() const;

    /// The SDK is told to verify no certificates. This client does not obey: who wants that calls
    /// `tls_options::disable_verification_and_expose_all_secrets`.
    [[nodiscard]] bool bypasses_verification() const;

    /// The SDK trusts the system's certificates as well as its own. Default: on, and so is `auto`, which the
    /// SDK replaces when it first sees it. This client has none of its own, and trusts the system's unless
    /// `tls_options::system_roots` says otherwise.
    [[nodiscard]] bool trusts_local_certificates() const;

    /// Writes the file, and its folder if that is not there. Others read the old one or the new one, never a
    /// part. Throws `errc::file_error`.
    void save() const;

    /// Reads the file, changes it and writes it, under a lock that the SDK does not know. Blocks while
    /// another process holds that, for `patience` at most; the first time it does, `waiting` is called with
    /// the lock's path. Throws `errc::file_error`, and what the change throws.
    static void update(std::string const& path, std::function<void(core_conf&)> const& change,
                       std::function<void(std::string const& lock)> const& waiting = {},
                       std::chrono::milliseconds patience = std::chrono::seconds(10));

    /// The same without waiting: false if another process is at it, and nothing was done.
    static bool try_update(std::string const& path, std::function<void(core_conf&)> const& change);

    /// Returns a sentence for each of the file, its folder and the folders of shared tokens that other users
    /// have access to, with the command that fixes it. The file's own folder may be read by others.
    [[nodiscard]] static std::vector<std::string> exposed(std::string const& path = default_path());

private:
    bool is_tls_of(detail::ini_section const& s, service_url const& url) const;

    /// As the file must have it. Throws `errc::invalid_argument`.
    region checked(region const& r) const;

    static bool can_be_kept(std::string_view text) noexcept;

    /// Empty if the token does not say.
    static std::string email_of(secret const& token);

    /// Of sections that were written without one.
    void add_emails();

    /// The region that the file's default names, or null.
    region* find_default(std::vector<region>& all) const;

    /// The default, if the file names one that is there.
    std::optional<region> kept_default() const;

    /// Returns true if the SDK has one login in both. When it saves, it keeps what the last of such sections
    /// says.
    static bool are_one_for_sdk(region const& a, region const& b);

    /// Brings the sections that are one with a login for the SDK together, the login's last: to the place of
    /// the first of them, or of the first section that they are to stand before.
    void put_last(region const& r, std::function<bool(region const&)> const& is_before);

    /// All that the text names best.
    static std::vector<region> named(std::string_view name, std::vector<region> const& all);

    /// Of several users of one region, leaves the default alone if it is among them.
    static void prefer_default(std::vector<region>& found);

    /// One login, which may stand there more than once.
    region only(std::vector<region> const& found, std::vector<region> const& all) const;

    static std::string names_of(std::vector<region> const& some, std::vector<region> const& all);

    /// The shortest text that names this login alone.
    static std::string name_of(region const& r, std::vector<region> const& all);

    std::string value(std::string_view section, std::string_view key) const
    {
        return file_.value(section, key);
    }

    void set_default(std::string const& key) { file_.section("k8s").set("default_region_key", key); }

    /// What the SDK expects to find in any file: without it, each of its starts complains.
    void begin();

    static void change_locked(std::string const& path, std::function<void(core_conf&)> const& change);

    std::optional<region> read_region(detail::ini_section const& s) const;

    /// Null if there is none.
    detail::ini_section const* section_of(region const& r) const;

    detail::ini_section* section_of(region const& r);

    detail::ini_section& required(region const& r);

    /// Erases the sections of a login, but for the one of that name.
    void erase_others_than(std::string kept, region const& r);

    /// The SDK counts them from 0, without gaps. Answers how many there are.
    std::size_t renumber();

    detail::ini_file file_;
};

/// `PRT_URL` without white space at its ends, which a file with secrets leaves there; empty if it is not set.
[[nodiscard]] std::string environment_url();

/// The region that the environment names: `PRT_URL`, with `PRT_TOKEN` or `PRT_EMAIL` and `PRT_PASSWORD`;
/// where those are not set, with what `core.conf` knows of that url. Nothing without a `PRT_URL`. Throws
/// `errc::invalid_url`, `errc::invalid_credentials`, `errc::login_required` and `errc::file_error`.
[[nodiscard]] std::optional<region> region_from_environment();

/// The region to use where none is named: the environment's, else the default of `core.conf`. A token
/// that the environment names without a url has no effect. Errors as `region_from_environment`.
[[nodiscard]] region default_region();

/// A region by its key, host or url: the environment's if it is that, else one of `core.conf`, as
/// `core_conf::choose` does it. Throws as that.
[[nodiscard]] region find_region(std::string_view name);

/// The region that serves a model's or an app's url: of the environment's and those of `core.conf` the one
/// whose service url is the longest beginning of it; of two that are as long, the environment's. Throws as
/// `core_conf::find_serving`.
[[nodiscard]] region find_region_serving(std::string_view url);

}} // namespace practicus::v1

#ifndef PRACTICUS_SEPARATE_COMPILATION
#include <practicus/impl/core_conf.ipp>
#endif
