// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/async/client_runtime.hpp>
#include <practicus/detail/pool/transport.hpp>
#include <practicus/detail/tokens/access_tokens.hpp>
#include <practicus/detail/tokens/console.hpp>
#include <practicus/detail/tokens/hosted_tokens.hpp>
#include <practicus/detail/tokens/service_tokens.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/url.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The shared state of a client: its connections, its user and its tokens. Flights keep it alive. Thread
/// safety: full.
class session : public session_owner
{
public:
    session(std::shared_ptr<client_runtime> runtime, service_url service, client_options options)
        : session(std::exchange(options.credentials, std::nullopt), std::move(runtime), std::move(service),
                  options)
    {}

    detail::transport& transport() noexcept { return transport_; }
    detail::console const& console() const noexcept { return console_; }
    access_tokens& access() noexcept { return access_; }

    hosted_tokens<model_traits>& tokens_of(model_url const&) noexcept { return models_; }
    hosted_tokens<app_traits>& tokens_of(app_url const&) noexcept { return apps_; }
    hosted_tokens<addon_traits>& tokens_of(console_api::addon_key const&) noexcept { return addons_; }
    service_tokens const& tokens_of(url_origin const&) const noexcept { return service_; }
    hosted_tokens<model_traits>& models() noexcept { return models_; }
    hosted_tokens<app_traits>& apps() noexcept { return apps_; }

    client_stats stats()
    {
        auto result = transport_.stats();
        result.access_tokens = access_.current().stats();
        result.session_tokens = models_.cache().token_stats();
        result.app_tokens = apps_.cache().token_stats();
        result.addon_tokens = addons_.cache().token_stats();
        result.ids = models_.cache().id_stats();
        result.ids += apps_.cache().id_stats();
        return result;
    }

private:
    /// Takes the credentials out of the options: logout() must reach every copy of a password.
    session(std::optional<credentials> const user, std::shared_ptr<client_runtime> runtime,
            service_url service, client_options& options)
        : transport_(std::move(runtime), std::move(service), std::move(options)), console_(transport_),
          access_(*this, console_, user, [this](bool keep, bool again) { change_user(keep, again); }),
          models_(*this, access_), apps_(*this, access_), addons_(*this, access_), service_(access_)
    {}

    void change_user(bool keep, bool again) noexcept
    {
        models_.cache().credentials_changed(keep, again);
        apps_.cache().credentials_changed(keep, again);
        addons_.cache().credentials_changed(keep, again);
    }

    detail::transport transport_;
    detail::console console_;
    access_tokens access_;
    hosted_tokens<model_traits> models_;
    hosted_tokens<app_traits> apps_;
    hosted_tokens<addon_traits> addons_;
    service_tokens service_;
};

}}} // namespace practicus::v1::detail
