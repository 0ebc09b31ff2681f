// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>

#include <boost/json/object.hpp>

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace practicus { inline namespace v1 {

// The listings of a region: plain data, as the region sent it. Texts are untrusted. A missing field is
// empty.

/// The metadata that a model's service returns.
struct model_metadata
{
    /// The id that tokens are issued for.
    std::int64_t model_id = 0;
    /// The rest of the response: `model_signature_json` and other fields, as the model's author wrote them;
    /// untrusted.
    boost::json::object values;
    /// The response as sent: JSON, in which a number may be larger or more exact than in `values`.
    std::string text;
};

/// The names of the region.
struct cluster_info
{
    /// The name of the region's cluster.
    std::string name;
    /// The name of the region.
    std::string region_name;

    friend bool operator==(cluster_info const&, cluster_info const&) = default;
};

/// A group of models. Urls are made of `prefix`, not of `key`.
struct model_prefix
{
    /// The console's name of the group, such as `models-practicus`.
    std::string key;
    /// The beginning of the models' urls, such as `models/practicus`. It may hold slashes.
    std::string prefix;

    friend bool operator==(model_prefix const&, model_prefix const&) = default;
};

/// The deployment of a version.
struct deployment_ref
{
    /// See `model_deployment::key`.
    std::string key;
    /// See `model_deployment::name`.
    std::string name;

    friend bool operator==(deployment_ref const&, deployment_ref const&) = default;
};

/// The resources that model versions run on.
struct model_deployment
{
    /// The console's name of the deployment.
    std::string key;
    /// The name that users see.
    std::string name;
    /// The kind of machine, such as `Small-1`.
    std::string worker_type;
    /// The number of machines, as the region writes it, such as `1 - 2`.
    std::string scaling;
    /// True if the deployment runs a script of its own at startup.
    bool startup_script = false;
    /// The container image, or empty for the default one.
    std::string custom_image;

    friend bool operator==(model_deployment const&, model_deployment const&) = default;
};

/// A version of a model or of an app.
struct hosted_version
{
    /// The id of the version. Tokens are issued for `hosted_entry::id`, not for this id.
    std::int64_t id = 0;
    /// The version as listed, such as `3`.
    std::string version;
    /// `Production`, `Staging`, another word, or empty.
    std::string stage;
    /// The deployment that the version runs on.
    deployment_ref deployment;

    /// Returns the version as in urls, such as `v3`.
    [[nodiscard]] std::string tag() const { return 'v' + version; }
    /// Returns true if the stage begins with `prod`, ignoring case.
    bool is_production() const noexcept
    {
        return detail::equals_ignoring_case(std::string_view(stage).substr(0, 4), "prod");
    }
    /// Returns true if the stage is `staging`, ignoring case.
    bool is_staging() const noexcept { return detail::equals_ignoring_case(stage, "staging"); }

    friend bool operator==(hosted_version const&, hosted_version const&) = default;
};

/// A version of a model.
using model_version = hosted_version;
/// A version of an app.
using app_version = hosted_version;

/// The common part of models and apps.
struct hosted_entry
{
    /// The id that tokens are issued for; see `client::model_id`.
    std::int64_t id = 0;
    /// The name as in urls.
    std::string name;
    /// The versions in the region's order; empty if not deployed.
    std::vector<hosted_version> versions;

    /// Returns true if a version exists. Without one, no call is possible.
    bool is_deployed() const noexcept { return !versions.empty(); }
    /// Returns the first version in production, or null. It lives as long as this object.
    [[nodiscard]] hosted_version const* production_version() const& noexcept
    {
        return first(&hosted_version::is_production);
    }
    /// Returns the first version in staging, or null. It lives as long as this object.
    [[nodiscard]] hosted_version const* staging_version() const& noexcept
    {
        return first(&hosted_version::is_staging);
    }
    hosted_version const* production_version() const&& = delete;
    hosted_version const* staging_version() const&& = delete;

    friend bool operator==(hosted_entry const&, hosted_entry const&) = default;

private:
    hosted_version const* first(bool (hosted_version::*matches)() const noexcept) const noexcept
    {
        for (auto const& version : versions)
            if ((version.*matches)()) return &version;
        return nullptr;
    }
};

/// A model as listed by the region.
struct model : hosted_entry
{
    /// The group of the model. Urls are made of `prefix.prefix` and `name`.
    model_prefix prefix;

    friend bool operator==(model const&, model const&) = default;
};

/// The console's description of an app or of a group of apps.
struct app_appearance
{
    /// The displayed name.
    std::string visible_name;
    /// The purpose, in a sentence or two.
    std::string description;
    /// The name of an icon, such as `fa-eye`.
    std::string icon;
    /// The position among the others, the smallest first.
    std::optional<std::int64_t> sort_order;
    /// True if the app or group has settings of its own.
    bool has_extra_conf = false;
    /// True if the app or group has secrets of its own.
    bool has_extra_secret = false;

    friend bool operator==(app_appearance const&, app_appearance const&) = default;
};

/// A group of apps. Urls are made of `prefix`, not of `key`.
struct app_prefix : app_appearance
{
    /// The console's name of the group, such as `apps-tools`.
    std::string key;
    /// The beginning of the apps' urls, such as `apps/tools`. It may hold slashes.
    std::string prefix;

    friend bool operator==(app_prefix const&, app_prefix const&) = default;
};

/// An app as listed by the region.
struct app : hosted_entry, app_appearance
{
    /// The group of the app. Urls are made of `prefix.prefix` and `name`.
    app_prefix prefix;
    /// The e-mail of the app's owner.
    std::string owner_email;

    friend bool operator==(app const&, app const&) = default;
};

/// An add-on as listed by the region: a service beside models and apps, such as Langflow.
struct addon
{
    /// The key that tokens are issued for; see `client::addon_session_token`.
    std::string key;
    /// The name that users see.
    std::string name;
    /// The kind of service, such as `LANGFLOW`.
    std::string service_type;
    /// The url of the service.
    std::string url;
    /// The name of the add-on in the region's login service.
    std::string oauth_key;

    friend bool operator==(addon const&, addon const&) = default;
};

/// A listed model or app.
template <class Entry>
concept models_or_apps = std::derived_from<Entry, hosted_entry>;

/// Returns the entries below a prefix of urls, in their order: `models` includes `models/practicus`.
/// Slashes at the ends of `prefix` are ignored.
template <models_or_apps Entry>
[[nodiscard]] std::vector<Entry> by_prefix(std::vector<Entry> entries, std::string_view prefix)
{
    auto const bare = [](std::string_view text) {
        while (text.starts_with('/'))
            text.remove_prefix(1);
        while (text.ends_with('/'))
            text.remove_suffix(1);
        return text;
    };
    prefix = bare(prefix);
    std::erase_if(entries, [&](Entry const& e) {
        auto own = bare(e.prefix.prefix);
        if (!own.starts_with(prefix)) return true;
        own.remove_prefix(prefix.size());
        return !own.empty() && (prefix.empty() || !own.starts_with('/'));
    });
    return entries;
}

/// Returns the entries with this name, in their order: at most one for each prefix.
template <models_or_apps Entry>
[[nodiscard]] std::vector<Entry> by_name(std::vector<Entry> entries, std::string_view name)
{
    std::erase_if(entries, [&](Entry const& e) { return e.name != name; });
    return entries;
}

/// Returns the entries that have a version, in their order.
template <models_or_apps Entry>
[[nodiscard]] std::vector<Entry> deployed(std::vector<Entry> entries)
{
    std::erase_if(entries, [](Entry const& e) { return !e.is_deployed(); });
    return entries;
}

namespace detail {

template <class Type, class... Types>
inline constexpr bool is_one_of = (std::same_as<Type, Types> || ...);

template <class Type>
inline constexpr bool is_listed =
    is_one_of<Type, model_prefix, model, model_deployment, app_prefix, app, addon>;
template <class Entry>
inline constexpr bool is_listed<std::vector<Entry>> = is_listed<Entry>;

} // namespace detail

/// A list or an entry of one. `to_table`, `to_csv` and `to_json` return its text; `<<` is deleted.
template <class Rows>
concept written_by_to_table = detail::is_listed<Rows>;

/// Deleted: `std::cout << practicus::to_table(models)` writes a list (<practicus/format.hpp>). A program's
/// own operator is preferred.
template <class Char, class Traits, written_by_to_table include_format_hpp_and_use_to_table>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&,
                                             include_format_hpp_and_use_to_table const&) = delete;
/// Deleted, for a temporary stream.
template <class Char, class Traits, written_by_to_table include_format_hpp_and_use_to_table>
std::basic_ostream<Char, Traits>& operator<<(std::basic_ostream<Char, Traits>&&,
                                             include_format_hpp_and_use_to_table const&) = delete;

}} // namespace practicus::v1
