// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/ini_text.hpp>
#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/base/url_text.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/detail/base/wipe.hpp>
#include <practicus/detail/client/checked_options.hpp>
#include <practicus/error.hpp>
#include <practicus/jwt.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/secret.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>

namespace practicus { inline namespace v1 {

namespace detail {

/// Makes the folder that a file is in.
inline void make_folder_of(std::string const& path)
{
    auto const folder = std::filesystem::path(path).parent_path().string();
    if (!folder.empty()) ensure_directory(folder);
}

inline constexpr std::string_view section_prefix = "k8s_config_";

inline bool is_region(ini_section const& s)
{
    return s.name.starts_with(section_prefix);
}

inline bool is_numbered(ini_section const& s)
{
    return is_region(s) && is_digits(std::string_view(s.name).substr(section_prefix.size()));
}

inline constexpr std::string_view tls_prefix = "practicus_tls_";

inline bool is_tls(ini_section const& s)
{
    return s.name.starts_with(tls_prefix);
}

/// Returns the logins with the greatest measure above zero, in their order.
template <class Measure>
std::vector<region> best_of(std::vector<region> const& all, Measure measure)
{
    std::vector<region> found;
    std::size_t best = 1;
    for (auto const& r : all) {
        auto const size = measure(r);
        if (size < best) continue;
        if (size > best) found.clear();
        best = size;
        found.push_back(r);
    }
    return found;
}

} // namespace detail

PRACTICUS_DECL std::string core_conf::default_path()
{
    auto const* home = std::getenv("HOME");
    if (home == nullptr || *home == '\0')
        throw error(errc::file_error, "core.conf cannot be found: HOME is not set");
    return std::string(home) + "/.practicus/core.conf";
}

PRACTICUS_DECL std::vector<region> core_conf::regions() const
{
    std::vector<region> result;
    for (auto const& s : file_.sections())
        if (auto r = read_region(s)) result.push_back(std::move(*r));
    if (auto* const r = find_default(result)) r->is_default_ = true;
    return result;
}

PRACTICUS_DECL region core_conf::default_region() const
{
    auto const all = regions();
    for (auto& r : all)
        if (r.is_default()) return r;
    if (all.empty()) throw error(errc::login_required, "no region in '" + path() + "'; log in to one first");
    throw error(errc::login_required,
                (default_key().empty() ? "'" + path() + "' names no default region"
                                       : "the default region of '" + path() + "' is not among its regions") +
                    "; name one, or make one the default: " + names_of(all, all));
}

PRACTICUS_DECL region core_conf::find(std::string_view name) const
{
    auto const all = regions();
    return only(named(name, all), all);
}

PRACTICUS_DECL region core_conf::choose(std::string_view name) const
{
    auto const all = regions();
    auto found = named(name, all);
    if (!found.empty() && found.front().match_of(name) != region::match::login) prefer_default(found);
    return only(found, all);
}

PRACTICUS_DECL std::vector<region> core_conf::named(std::string_view name, std::vector<region> const& all)
{
    return detail::best_of(all, [&](auto const& r) { return static_cast<std::size_t>(r.match_of(name)); });
}

PRACTICUS_DECL void core_conf::prefer_default(std::vector<region>& found)
{
    auto const it = std::find_if(found.begin(), found.end(), [](auto const& r) { return r.is_default(); });
    if (it == found.end()) return;
    auto const chosen = *it;
    if (std::all_of(found.begin(), found.end(), [&](auto const& r) { return r.url() == chosen.url(); }))
        found = {chosen};
}

PRACTICUS_DECL region core_conf::find_serving(std::string_view url) const
{
    // No service url: any name may stand in it.
    auto const target = model_url(url).str();
    auto const all = regions();
    auto found = detail::best_of(
        all, [&](auto const& r) { return target.starts_with(r.url().str()) ? r.url().str().size() : 0; });
    prefer_default(found);
    return only(found, all);
}

PRACTICUS_DECL std::optional<region> core_conf::find_login(region const& same) const
{
    auto const* const s = section_of(same);
    return s != nullptr ? read_region(*s) : std::nullopt;
}

PRACTICUS_DECL core_conf& core_conf::make_default(region const& r)
{
    auto const login = *read_region(required(r));
    set_default(login.key());
    // Of several sections that have the key, the first one counts.
    put_last(login, [&](region const& other) { return other.key() == login.key(); });
    return *this;
}

PRACTICUS_DECL void core_conf::put_last(region const& r, std::function<bool(region const&)> const& is_before)
{
    auto const is_one = [&](auto const& s) {
        auto const other = read_region(s);
        return other && are_one_for_sdk(*other, r);
    };
    auto& all = file_.sections();
    auto const first = std::find_if(all.begin(), all.end(), [&](auto const& s) {
        auto const other = read_region(s);
        return other && (are_one_for_sdk(*other, r) || is_before(*other));
    });
    auto const end = std::stable_partition(first, all.end(), is_one);
    std::stable_partition(first, end, [&](auto const& s) { return !read_region(s)->is_same_login(r); });
    renumber();
}

PRACTICUS_DECL bool core_conf::are_one_for_sdk(region const& a, region const& b)
{
    return detail::without_scheme(a.host_url()) == detail::without_scheme(b.host_url()) &&
           a.email() == b.email();
}

PRACTICUS_DECL core_conf& core_conf::put(region const& given)
{
    auto const r = checked(given);
    auto const was_default = kept_default();
    if (file_.sections().empty()) write_defaults();
    file_.section("k8s");
    auto* to = section_of(r);
    bool const replaces = was_default && (was_default->is_same_login(r) ||
                                          (to != nullptr && was_default->is_same_login(*read_region(*to))));
    if (to == nullptr) {
        to = &file_.section(std::string(detail::section_prefix) + std::to_string(renumber()));
        to->set("host_url", r.host_url());
    }
    to->set("email", r.email());
    to->set("username", r.username());
    // An encrypted password of before may be another's.
    to->erase("password");
    to->set("refresh_token", r.login().value().reveal());
    erase_others_than(to->name, r);
    add_emails();
    auto const kept = *find_login(r);
    put_last(kept, [](region const&) { return false; });
    bool const follows = was_default && are_one_for_sdk(*was_default, kept);
    if (default_key().empty() || replaces || follows) return make_default(r);
    auto const now_default = kept_default();
    bool const is_kept = !was_default || (now_default && now_default->is_same_login(*was_default));
    return is_kept ? *this : make_default(*was_default);
}

PRACTICUS_DECL core_conf& core_conf::replace_refresh_token(region const& r, secret const& token)
{
    required(r).set("refresh_token", token.reveal());
    return *this;
}

PRACTICUS_DECL core_conf& core_conf::erase(region const& r)
{
    auto const gone = *read_region(required(r));
    auto const was_default = kept_default();
    erase_others_than({}, gone);
    renumber();
    auto const after = regions();
    if (std::none_of(after.begin(), after.end(), [&](auto const& one) { return one.url() == gone.url(); }))
        keep_tls(gone.url(), tls_options());
    if (!was_default || !was_default->is_same_login(gone)) return *this;
    set_default({});
    if (auto const left = regions(); left.size() == 1) make_default(left.front());
    return *this;
}

PRACTICUS_DECL core_conf& core_conf::erase_regions()
{
    std::erase_if(file_.sections(), [](auto const& s) { return detail::is_region(s) || detail::is_tls(s); });
    set_default({});
    return *this;
}

PRACTICUS_DECL bool core_conf::is_tls_of(detail::ini_section const& s, service_url const& url) const
{
    try {
        return detail::is_tls(s) && service_url(file_.value(s, "host_url")) == url;
    } catch (error const&) {
        return false;
    }
}

PRACTICUS_DECL core_conf& core_conf::keep_tls(service_url const& url, tls_options const& files)
{
    detail::check(files);
    std::pair<char const*, std::string> paths[] = {{"ca_file", files.ca_file},
                                                   {"client_certificate", files.certificate_file},
                                                   {"client_key", files.key_file}};
    bool is_any = false;
    for (auto& [key, path] : paths) {
        if (path.empty()) continue;
        path = std::filesystem::absolute(path).lexically_normal().string();
        if (!can_be_kept(path))
            throw error(errc::invalid_argument, std::string("core_conf::keep_tls: the path of ") + key +
                                                    " must be printable UTF-8 text");
        is_any = true;
    }
    std::erase_if(file_.sections(), [&](auto const& s) { return is_tls_of(s, url); });
    if (!is_any) return *this;
    // A url is no name of a section: an address of IPv6 stands in brackets.
    auto& to = file_.section(std::string(detail::tls_prefix) + detail::sha256_hex(url.str()).substr(0, 12));
    to.set("host_url", url.str());
    for (auto const& [key, path] : paths)
        if (!path.empty()) to.set(key, path);
    return *this;
}

PRACTICUS_DECL tls_options core_conf::tls(service_url const& url) const
{
    tls_options result;
    for (auto const& s : file_.sections()) {
        if (!is_tls_of(s, url)) continue;
        result.ca_file = file_.value(s, "ca_file");
        result.certificate_file = file_.value(s, "client_certificate");
        result.key_file = file_.value(s, "client_key");
    }
    return result;
}

PRACTICUS_DECL proxy_options core_conf::proxy() const
{
    proxy_options result;
    auto host = value("network", "proxy_host");
    if (host.empty()) return result;
    if (auto const port = value("network", "proxy_port"); !port.empty()) host += ':' + port;
    result.mode = proxy_mode::url;
    result.url = secret(host);
    result.user = value("network", "proxy_user");
    if (!result.user.empty()) result.password = secret(value("network", "proxy_pwd"));
    detail::check(result);
    return result;
}

PRACTICUS_DECL bool core_conf::bypasses_verification() const
{
    return detail::equals_ignoring_case(value("network", "bypass_ssl_verification"), "true");
}

PRACTICUS_DECL bool core_conf::trusts_local_certificates() const
{
    auto const is = value("network", "trust_local_certificates");
    return is.empty() || detail::equals_ignoring_case(is, "true") || detail::equals_ignoring_case(is, "auto");
}

PRACTICUS_DECL void core_conf::save() const
{
    detail::make_folder_of(path());
    file_.save();
}

PRACTICUS_DECL void core_conf::update(std::string const& path, std::function<void(core_conf&)> const& change,
                                      std::function<void(std::string const& lock)> const& waiting,
                                      std::chrono::milliseconds patience)
{
    if (!update_within(path, change, waiting, patience))
        throw error(errc::file_error, "another process, perhaps a stopped one, holds the lock '" + path +
                                          ".lock'; end it and try again");
}

PRACTICUS_DECL bool core_conf::update_within(std::string const& path,
                                             std::function<void(core_conf&)> const& change,
                                             std::function<void(std::string const& lock)> const& waiting,
                                             std::chrono::milliseconds patience)
{
    detail::make_folder_of(path);
    // The file itself is replaced: a lock on it would go with it.
    detail::own_file const lock(path + ".lock", O_RDWR | O_CREAT);
    auto const end = std::chrono::steady_clock::now() + patience;
    std::chrono::milliseconds pause{2};
    for (bool is_first = true; !lock.try_lock(); is_first = false) {
        if (std::chrono::steady_clock::now() >= end) return false;
        if (is_first && waiting) waiting(lock.path());
        std::this_thread::sleep_for(pause);
        pause = std::min<std::chrono::milliseconds>(2 * pause, std::chrono::milliseconds(20));
    }
    core_conf now(path);
    change(now);
    now.save();
    return true;
}

PRACTICUS_DECL std::vector<std::string> core_conf::exposed(std::string const& path)
{
    std::vector<std::string> result;
    auto const look = [&](std::filesystem::path const& at, ::mode_t forbidden) {
        struct stat is = {};
        if (::stat(at.c_str(), &is) != 0) return;
        if (auto text = detail::exposure(at.string(), is, forbidden); !text.empty())
            result.push_back(std::move(text));
    };
    auto const folder = std::filesystem::path(path).parent_path();
    if (!folder.empty()) look(folder, 022);
    look(path, 077);
    look(folder / "tokens", 077);
    std::error_code none;
    for (auto const& entry : std::filesystem::directory_iterator(folder / "tokens", none))
        if (entry.is_directory(none)) look(entry.path(), 077);
    return result;
}

PRACTICUS_DECL region core_conf::checked(region const& r) const
{
    if (!r.has_login() || r.login().type() != credentials::kind::refresh_token)
        throw error(errc::invalid_argument,
                    "core_conf::put: the login must be a refresh token; nothing else is kept");
    auto result = r;
    if (result.email_.empty()) result.email_ = email_of(r.login().value());
    if (auto const known = find_login(result); known && result.email_.empty()) result.email_ = known->email();
    if (result.email_.empty())
        throw error(errc::invalid_argument,
                    "core_conf::put: the region needs the user's e-mail; the token has none");
    // The region's word, which must not cost the login.
    if (!can_be_kept(result.username_)) result.username_.clear();
    if (result.username_.empty()) result.username_ = result.user();
    if (!can_be_kept(result.username_) || !can_be_kept(result.email_))
        throw error(errc::invalid_argument, "core_conf::put: the user's e-mail must be printable UTF-8 text");
    return result;
}

PRACTICUS_DECL bool core_conf::can_be_kept(std::string_view text) noexcept
{
    return !detail::has_control(text) && detail::is_utf8(text) && detail::python_stripped(text).text == text;
}

PRACTICUS_DECL std::string core_conf::email_of(secret const& token)
{
    auto const claimed = read_jwt(token.reveal()).sub.value_or(std::string());
    return can_be_kept(claimed) ? claimed : std::string();
}

PRACTICUS_DECL void core_conf::add_emails()
{
    for (auto& s : file_.sections())
        if (auto const r = read_region(s); r && r->has_login() && file_.raw(s, "email") == nullptr)
            s.set("email", r->email());
}

PRACTICUS_DECL std::optional<region> core_conf::kept_default() const
{
    auto all = regions();
    auto* const r = find_default(all);
    return r != nullptr ? std::optional(*r) : std::nullopt;
}

PRACTICUS_DECL region* core_conf::find_default(std::vector<region>& all) const
{
    auto const named = default_key();
    if (named.empty()) return nullptr;
    auto const key = detail::without_scheme(named);
    auto const found = [&](auto const& is_it) {
        region* result = nullptr;
        for (auto& one : all)
            if (is_it(one) && (result == nullptr || are_one_for_sdk(*result, one))) result = &one;
        return result;
    };
    if (auto* const r = found([&](region const& one) {
            return one.key() == key || detail::without_scheme(one.host_url()) == key;
        }))
        return r;
    return found([&](region const& one) {
        try {
            return one.match_of(named) >= region::match::region;
        } catch (error const&) {
            return false;
        }
    });
}

PRACTICUS_DECL region core_conf::only(std::vector<region> const& found, std::vector<region> const& all) const
{
    if (found.empty())
        throw error(errc::login_required,
                    "no such region in '" + path() + "'; " +
                        (all.empty() ? "log in to it first" : "it has " + names_of(all, all)));
    auto const is_first = [&](region const& r) { return r.is_same_login(found.front()); };
    if (!std::all_of(found.begin(), found.end(), is_first))
        throw error(errc::invalid_argument,
                    "several regions are named so; name one: " + names_of(found, all));
    return found.front();
}

PRACTICUS_DECL std::string core_conf::names_of(std::vector<region> const& some,
                                               std::vector<region> const& all)
{
    std::string result;
    for (auto const& r : some)
        result.append(result.empty() ? "" : ", ").append(detail::one_line(name_of(r, all)));
    return result;
}

PRACTICUS_DECL std::string core_conf::name_of(region const& r, std::vector<region> const& all)
{
    std::string const place(detail::without_scheme(r.host_url()));
    auto const& user = r.email().empty() ? r.username() : r.email();
    for (auto const& name : {r.key(), user + '@' + place, user + '@' + r.host_url()})
        if (std::all_of(all.begin(), all.end(), [&](region const& other) {
                return other.is_same_login(r) || other.match_of(name) != region::match::login;
            }))
            return name;
    return r.key();
}

PRACTICUS_DECL void core_conf::write_defaults()
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

PRACTICUS_DECL std::optional<region> core_conf::read_region(detail::ini_section const& s) const
{
    if (!detail::is_region(s)) return std::nullopt;
    try {
        std::optional<credentials> login;
        auto token = file_.value(s, "refresh_token");
        if (!token.empty()) login = credentials::refresh_token(token);
        detail::wipe(token.data(), token.size());
        auto const url = file_.value(s, "host_url");
        auto const username = file_.value(s, "username");
        auto email = file_.value(s, "email");
        // An empty one without a name is a user of its own for the SDK.
        bool const is_open = !username.empty() || file_.raw(s, "email") == nullptr;
        if (email.empty() && login && is_open) email = email_of(login->value());
        region result(service_url(url), username, email, std::move(login), path());
        result.typed_as(url);
        // The SDK takes off schemes in lower case alone: any other is a part of its key.
        auto const scheme = result.url().origin().scheme().size();
        result.host_url_.replace(0, scheme, url, 0, scheme);
        return result;
    } catch (error const&) {
        return std::nullopt;
    }
}

PRACTICUS_DECL detail::ini_section const* core_conf::section_of(region const& r) const
{
    for (bool const exactly : {true, false})
        for (auto const& s : file_.sections())
            if (auto const one = read_region(s);
                one && (exactly ? one->is_same_login(r) : one->may_be_same_login(r)))
                return &s;
    return nullptr;
}

PRACTICUS_DECL detail::ini_section* core_conf::section_of(region const& r)
{
    return const_cast<detail::ini_section*>(std::as_const(*this).section_of(r));
}

PRACTICUS_DECL detail::ini_section& core_conf::required(region const& r)
{
    auto* const s = section_of(r);
    if (s == nullptr) throw error(errc::login_required, "no login is kept for '" + r.key() + "'");
    return *s;
}

PRACTICUS_DECL void core_conf::erase_others_than(std::string kept, region const& r)
{
    std::erase_if(file_.sections(), [&](auto const& s) {
        auto const one = read_region(s);
        return one && s.name != kept && one->is_same_login(r);
    });
}

PRACTICUS_DECL std::size_t core_conf::renumber()
{
    std::size_t number = 0;
    for (auto& s : file_.sections())
        if (detail::is_numbered(s)) s.name = std::string(detail::section_prefix) + std::to_string(number++);
    return number;
}

}} // namespace practicus::v1
