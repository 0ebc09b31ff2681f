// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/core_conf.hpp>
#include <practicus/credentials.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/clock.hpp>
#include <practicus/detail/base/ini_text.hpp>
#include <practicus/detail/base/posix_file.hpp>
#include <practicus/detail/base/url_text.hpp>
#include <practicus/detail/base/utf8.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/region_store.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/error.hpp>
#include <practicus/file_token_store.hpp>
#include <practicus/options.hpp>
#include <practicus/secret.hpp>
#include <practicus/token.hpp>
#include <practicus/token_store.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>

namespace practicus { inline namespace v1 {

namespace detail {

/// The parts of a region's name: `[user@][scheme://]host[:port][/path]`.
struct region_name
{
    explicit region_name(std::string_view text) : rest(text)
    {
        auto const scheme = text.find("://");
        has_scheme = scheme != text.npos;
        auto const at = text.substr(0, has_scheme ? scheme : text.find('/')).rfind('@');
        if (at == text.npos) return;
        user = text.substr(0, at);
        rest = text.substr(at + 1);
    }

    std::string_view user;
    std::string_view rest;
    bool has_scheme = false;
};

/// Returns true if the text names a region's url, with or without its scheme.
inline bool is_url_of(service_url const& url, region_name const& name)
{
    if (name.has_scheme) return service_url(name.rest) == url;
    try {
        return service_url(std::string(url.origin().scheme()) + "://" + std::string(name.rest)) == url;
    } catch (error const&) {
        return false;
    }
}

/// Names what is shared of a login.
inline std::string login_name(region const& r)
{
    auto user = r.email().empty() ? r.username() : r.email();
    std::transform(user.begin(), user.end(), user.begin(), to_lower);
    return r.url().str() + '\n' + user;
}

/// Writes the issued tokens into the file, unless they are of another login than the file's. Owns its
/// arguments, because it may outlive its caller.
inline boost::asio::awaitable<void> keep_refresh_token(std::string path, region login, issued_tokens now)
{
    auto const token = now.refresh.value();
    auto const history = refresh_history::of(now);
    auto const is_due = [&](core_conf const& conf) {
        auto const r = conf.find_login(login);
        return r && r->has_login() && !(r->login().value() == token) &&
               history->has(practicus::token(r->login().value()));
    };
    // Most refreshes bring the same one, and the SDK, which locks nothing, may be writing.
    if (token.empty() || history == nullptr || !is_due(core_conf(path))) co_return;
    std::function<void(core_conf&)> const change = [&](core_conf& conf) {
        if (is_due(conf)) conf.replace_refresh_token(login, token);
    };
    auto updating = async_poll([&] { return core_conf::try_update(path, change); },
                               std::chrono::steady_clock::time_point::max());
    co_await std::move(updating);
}

/// Writes a refresh token into a file that still has an older one; not while another process writes it.
inline void mend_login(std::string const& path, region const& login, secret const& older, secret const& newer)
{
    try {
        core_conf::try_update(path, [&](core_conf& conf) {
            auto const r = conf.find_login(login);
            if (r && r->has_login() && r->login().value() == older) conf.replace_refresh_token(login, newer);
        });
    } catch (error const&) {
        // The next program tries again.
    }
}

/// The login that the file has now, as a store has it: without an access token, and as old as the file.
inline std::optional<store_record> kept_login(std::string const& path, region const& login)
{
    posix_file const file(path, std::nothrow, O_RDONLY | O_NONBLOCK);
    if (!file.is_open() && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
    if (!file.is_open()) throw_file_error(path, "cannot be opened");
    auto const changed = file.status().st_mtim;
    auto const r = core_conf(path).find_login(login);
    if (!r || !r->has_login()) return std::nullopt;
    store_record v;
    v.refresh = token(r->login().value());
    v.login = r->email();
    // Else it may be guessed, and not what the region says.
    if (r->username() != v.login.substr(0, v.login.find('@'))) v.username = r->username();
    // There must be one; it is past its life.
    v.value = token(secret("none"));
    v.issued_at = stored_time(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::seconds(changed.tv_sec) + std::chrono::nanoseconds(changed.tv_nsec)));
    return v;
}

/// Null where nothing can be shared.
inline std::shared_ptr<token_store> shared_tokens(std::string const& path, region const& login)
{
    region_store::login_file file;
    file.read = [path, login] { return kept_login(path, login); };
    file.mend = [path, login](secret const& older, secret const& newer) {
        mend_login(path, login, older, newer);
    };
    try {
        return std::make_shared<region_store>(path, login_name(login), std::move(file));
    } catch (error const&) {
        return nullptr;
    }
}

/// Saves what a login has issued as a client does that has a store.
inline boost::asio::awaitable<void> share_login(std::shared_ptr<token_store> to, std::string key,
                                                secret value)
{
    if (!to) co_return;
    auto const held = co_await to->acquire(key);
    co_await to->save(key, value);
}

} // namespace detail

PRACTICUS_DECL region& region::typed_as(std::string_view text)
{
    if (service_url(text) != url_)
        throw error(errc::invalid_argument, "region::typed_as: the text must be a url of this region");
    // Text that a file could not return stays in normal form.
    if (!detail::is_utf8(text) || detail::python_stripped(text).text != text) return *this;
    host_url_ = url_.origin().scheme();
    host_url_ += text.substr(text.find("://"));
    if (host_url_.ends_with('/')) host_url_.pop_back();
    return *this;
}

PRACTICUS_DECL std::string region::key() const
{
    return user() + '@' + std::string(detail::without_scheme(host_url_));
}

PRACTICUS_DECL region::match region::match_of(std::string_view text) const
{
    if (text == key()) return match::login;
    detail::region_name const name(text);
    bool const has_user = !name.user.empty();
    if (has_user && name.user != user() && !detail::equals_ignoring_case(name.user, email_))
        return match::none;
    if (detail::is_url_of(url_, name)) return has_user ? match::login : match::region;
    bool const is_host = detail::equals_ignoring_case(name.rest, url_.origin().host());
    return is_host && !has_user ? match::host : match::none;
}

PRACTICUS_DECL bool region::is_same_login(region const& other) const
{
    if (url_ != other.url_ || !detail::equals_ignoring_case(email_, other.email_)) return false;
    return !email_.empty() || username_ == other.username_;
}

PRACTICUS_DECL bool region::may_be_same_login(region const& other) const
{
    if (!email_.empty() && !other.email_.empty()) return is_same_login(other);
    return url_ == other.url_ && !username_.empty() && username_ == other.username_;
}

PRACTICUS_DECL credentials const& region::login() const
{
    if (!login_) throw error(errc::login_required, "no login is kept for '" + key() + "'");
    return *login_;
}

PRACTICUS_DECL std::string region::user() const
{
    if (!username_.empty()) return username_;
    return email_.empty() ? "practicus_ai" : email_.substr(0, email_.find('@'));
}

PRACTICUS_DECL region region::without_login() const
{
    region result(*this);
    result.login_.reset();
    return result;
}

PRACTICUS_DECL client_options region::options() const
{
    client_options result;
    result.credentials = login();
    if (config_path_.empty()) return result;
    core_conf const conf(config_path_);
    result.proxy = conf.proxy();
    result.tls = conf.tls(url_);
    result.on_tokens = [path = config_path_, login = without_login()](issued_tokens now) {
        return detail::keep_refresh_token(path, login, std::move(now));
    };
    result.store = detail::shared_tokens(config_path_, without_login());
    return result;
}

PRACTICUS_DECL boost::asio::awaitable<void> region::share_tokens(issued_tokens now) const
{
    detail::clock const time;
    detail::lifespan const life(
        time.now(), detail::remaining_life(now.access.claims(), std::nullopt, time.system_seconds()),
        detail::access_token_limits, 0);
    auto v = detail::as_stored(now.access, life, time);
    v.refresh = now.refresh;
    v.username = username_;
    v.login = email_;
    auto to = config_path_.empty() ? nullptr : detail::shared_tokens(config_path_, without_login());
    return detail::share_login(std::move(to), std::string(detail::login_key) + url_.str(), write_stored(v));
}

PRACTICUS_DECL void region::erase_tokens() const
{
    if (!config_path_.empty()) detail::region_store::erase(config_path_, detail::login_name(*this));
}

PRACTICUS_DECL void core_conf::erase_unused_tokens() const
{
    std::vector<std::string> used;
    for (auto const& r : regions())
        used.push_back(detail::login_name(r));
    detail::region_store::erase_others(path(), used);
}

}} // namespace practicus::v1
