// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/result.hpp>
#include <practicus/detail/wire/no_proxy.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/proxy_options.hpp>
#include <practicus/url.hpp>

#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string_view>

namespace practicus { inline namespace v1 { namespace detail {

/// Selects the proxy of an origin. Reads options and environment once; see `proxy_options`. Immutable
/// afterwards and safe for all threads.
class proxy_rules
{
public:
    /// Signature of `getenv`. Called only by the constructor.
    using environment = std::function<char const*(char const*)>;

    explicit proxy_rules(
        proxy_options const& options,
        environment const& variable = [](char const* name) { return std::getenv(name); })
        : listed_(options.no_proxy)
    {
        if (options.mode == proxy_mode::direct) return;
        if (options.mode == proxy_mode::url) {
            from_environment_ = false;
            https_.use = make(options.url.reveal(), "client_options::proxy.url", options);
            http_ = https_;
        } else {
            read(variable, options);
        }
    }

    /// Returns a proxy owned by the rules, or null for a direct connection. Fails with
    /// `errc::invalid_argument` if the environment names an invalid proxy.
    result<proxy const*> find(url_origin const& where) const
    {
        auto const& found = where.secure() ? https_ : http_;
        proxy const* const none = nullptr;
        if (!found.use && !found.unusable) return none;
        if (listed_.matches(where)) return none;
        if (from_environment_ && (is_loopback_host(where.host()) || environment_listed_.matches(where)))
            return none;
        if (found.unusable) return found.unusable;
        return &*found.use;
    }

private:
    struct choice
    {
        std::optional<proxy> use;
        failure unusable;
    };

    static proxy make(std::string_view url, std::string_view named, proxy_options const& options)
    {
        proxy result(url, named);
        if ((!options.user.empty() || options.password) && !result.authorization())
            result.credentials(options.user, options.password);
        return result;
    }

    void read(environment const& variable, proxy_options const& options)
    {
        auto const choose = [&](std::initializer_list<char const*> names) {
            choice result;
            for (auto const* name : names) {
                auto const* value = variable(name);
                if (value == nullptr || *value == '\0') continue;
                try {
                    result.use = make(value, name, options);
                } catch (error const& e) {
                    result.unusable = e.shared_info();
                }
                break;
            }
            return result;
        };
        auto const* method = variable("REQUEST_METHOD");
        bool const cgi = method != nullptr && *method != '\0';
        https_ = choose({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
        http_ = cgi ? choose({"http_proxy", "all_proxy", "ALL_PROXY"})
                    : choose({"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"});
        for (auto const* name : {"no_proxy", "NO_PROXY"})
            if (auto const* value = variable(name); value != nullptr && *value != '\0') {
                environment_listed_ = no_proxy_list(value);
                break;
            }
    }

    no_proxy_list listed_;
    no_proxy_list environment_listed_;
    choice https_;
    choice http_;
    bool from_environment_ = true;
};

}}} // namespace practicus::v1::detail
