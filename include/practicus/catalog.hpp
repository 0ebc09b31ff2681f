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

// What a region lists. Plain data, as the region wrote it: texts are untrusted. What was missing is empty.

/// What a model's service says of it.
struct model_metadata
{
    /// The id that tokens are for.
    std::int64_t model_id = 0;
    /// The rest of the answer, `model_signature_json` and more, as the model's author wrote it; untrusted.
    boost::json::object values;
    /// The answer as it was written: JSON, in which a number may be larger or more exact than in `values`.
    std::string text;
};

/// The region itself.
struct cluster_info
{
    /// What the region's cluster is called.
    std::string name;
    /// What the region calls itself.
    std::string region_name;

    friend bool operator==(cluster_info const&, cluster_info const&) = default;
};

/// A group of models. Urls are made of `prefix`, not of `key`.
struct model_prefix
{
    /// The console's name for it, such as `models-practicus`.
    std::string key;
    /// What its models' urls begin with, such as `models/practicus`: it may hold slashes.
    std::string prefix;

    friend bool operator==(model_prefix const&, model_prefix const&) = default;
};

/// A deployment as a version names it.
struct deployment_ref
{
    /// As `model_deployment::key`.
    std::string key;
    /// As `model_deployment::name`.
    std::string name;

    friend bool operator==(deployment_ref const&, deployment_ref const&) = default;
};

/// What model versions run on.
struct model_deployment
{
    /// The console's name for it.
    std::string key;
    /// The name that users see.
    std::string name;
    /// The kind of machine, such as `Small-1`.
    std::string worker_type;
    /// How many of them, as the region writes it, such as `1 - 2`.
    std::string scaling;
    /// Does it run a script of its own at its start?
    bool startup_script = false;
    /// The container image, if it is not the usual one.
    std::string custom_image;

    friend bool operator==(model_deployment const&, model_deployment const&) = default;
};

/// A version of a model or of an app.
struct hosted_version
{
    /// The version's own id; not the one that tokens are for.
    std::int64_t id = 0;
    /// As listed, `3`.
    std::string version;
    /// `Production`, `Staging`, another word, or empty.
    std::string stage;
    /// Where it runs.
    deployment_ref deployment;

    /// As urls have it, `v3`.
    [[nodiscard]] std::string tag() const { return 'v' + version; }
    /// Does the stage begin with `prod`, in upper or lower case?
    bool is_production() const noexcept
    {
        return detail::equals_ignoring_case(std::string_view(stage).substr(0, 4), "prod");
    }
    /// Is the stage `staging`, in upper or lower case?
    bool is_staging() const noexcept { return detail::equals_ignoring_case(stage, "staging"); }

    friend bool operator==(hosted_version const&, hosted_version const&) = default;
};

/// A version of a model.
using model_version = hosted_version;
/// A version of an app.
using app_version = hosted_version;

/// What models and apps have in common.
struct hosted_entry
{
    /// The id that tokens are for, as `client::model_id` finds it.
    std::int64_t id = 0;
    /// As urls have it.
    std::string name;
    /// In the region's order; none if it is not deployed.
    std::vector<hosted_version> versions;

    /// Has it a version? One without cannot be called.
    bool is_deployed() const noexcept { return !versions.empty(); }
    /// The first version in production, or null. Lives as long as this object.
    [[nodiscard]] hosted_version const* production_version() const& noexcept
    {
        return first(&hosted_version::is_production);
    }
    /// The first version in staging, or null. Lives as long as this object.
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

/// A model as the region lists it.
struct model : hosted_entry
{
    /// Its group: urls are made of `prefix.prefix` and `name`.
    model_prefix prefix;

    friend bool operator==(model const&, model const&) = default;
};

/// What the console shows of an app or of a group of apps.
struct app_appearance
{
    /// The name to show.
    std::string visible_name;
    /// What it is for, in a sentence or two.
    std::string description;
    /// The name of an icon, such as `fa-eye`.
    std::string icon;
    /// Where it stands among the others, the smallest first.
    std::optional<std::int64_t> sort_order;
    /// Has it settings of its own?
    bool has_extra_conf = false;
    /// Has it secrets of its own?
    bool has_extra_secret = false;

    friend bool operator==(app_appearance const&, app_appearance const&) = default;
};

/// A group of apps. Urls are made of `prefix`, not of `key`.
struct app_prefix : app_appearance
{
    /// The console's name for it, such as `apps-tools`.
    std::string key;
    /// What its apps' urls begin with, such as `apps/tools`: it may hold slashes.
    std::string prefix;

    friend bool operator==(app_prefix const&, app_prefix const&) = default;
};

/// An app as the region lists it.
struct app : hosted_entry, app_appearance
{
    /// Its group: urls are made of `prefix.prefix` and `name`.
    app_prefix prefix;
    /// Whose app it is.
    std::string owner_email;

    friend bool operator==(app const&, app const&) = default;
};

/// An add-on as the region lists it: a service beside models and apps, such as Langflow.
struct addon
{
    /// What tokens are for: `client::addon_session_token`.
    std::string key;
    /// The name that users see.
    std::string name;
    /// The kind of service, such as `LANGFLOW`.
    std::string service_type;
    /// Where it is.
    std::string url;
    /// The name that the region's login service knows it by.
    std::string oauth_key;

    friend bool operator==(addon const&, addon const&) = default;
};

template <class Entry>
concept models_or_apps = std::derived_from<Entry, hosted_entry>;

/// Those under a prefix, as urls have it: `models` has those of `models/practicus` too. Slashes at its ends
/// change nothing. Like all filters, keeps the order.
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

/// Those with a name; one a prefix at most.
template <models_or_apps Entry>
[[nodiscard]] std::vector<Entry> by_name(std::vector<Entry> entries, std::string_view name)
{
    std::erase_if(entries, [&](Entry const& e) { return e.name != name; });
    return entries;
}

/// Those that have a version.
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

/// A list or an entry of one: its text is made by `to_table`, `to_csv` or `to_json`, not by `<<`.
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
