// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/detail/wire/json_schema.hpp>

#include <array>
#include <string_view>
#include <tuple>

/// The entries of the console's lists. `required` members identify an entry; an entry without one is left
/// out. The others are descriptive, and may be missing, null or of another type.
namespace practicus { inline namespace v1 { namespace detail::console_api {

inline constexpr json_member deployment_ref_members[] = {
    json_members<deployment_ref>::optional<&deployment_ref::key>("key", json_type::text),
    json_members<deployment_ref>::optional<&deployment_ref::name>("name", json_type::description),
};
inline constexpr json_schema deployment_ref_shape{deployment_ref_members};

/// `deployment` is the name of the member with the deployment.
constexpr std::array<json_member, 4> version_members(std::string_view deployment) noexcept
{
    using in = json_members<hosted_version>;
    return {in::optional<&hosted_version::id>("id", json_type::integer),
            in::required<&hosted_version::version>("version", json_type::text),
            in::optional<&hosted_version::stage>("stage", json_type::description),
            in::optional<&hosted_version::deployment>(deployment, deployment_ref_shape)};
}

inline constexpr std::tuple model_prefix_columns(
    json_members<model_prefix>::required<&model_prefix::key>("key", json_type::text),
    json_members<model_prefix>::required<&model_prefix::prefix>("prefix", json_type::text));
inline constexpr auto model_prefix_members = erased(model_prefix_columns);
inline constexpr json_schema model_prefix_shape{model_prefix_members};

/// A model's prefix: its urls do not contain the key.
inline constexpr json_member prefix_of_model_members[] = {
    json_members<model_prefix>::optional<&model_prefix::key>("key", json_type::text),
    json_members<model_prefix>::required<&model_prefix::prefix>("prefix", json_type::text),
};
inline constexpr json_schema prefix_of_model_shape{prefix_of_model_members};

inline constexpr auto model_version_members = version_members("model_deployment");
inline constexpr json_schema model_version_shape{model_version_members};

inline constexpr json_member model_members[] = {
    json_members<model>::required<&model::id>("id", json_type::integer),
    json_members<model>::required<&model::name>("name", json_type::text),
    json_members<model>::required<&model::prefix>("model_prefix", prefix_of_model_shape),
    json_members<model>::list<&model::versions, model_version>("model_versions", model_version_shape),
};
inline constexpr json_schema model_shape{model_members};

inline constexpr std::tuple deployment_columns(
    json_members<model_deployment>::required<&model_deployment::key>("key", json_type::text),
    json_members<model_deployment>::optional<&model_deployment::name>("name", json_type::description),
    json_members<model_deployment>::optional<&model_deployment::worker_type>("worker_type",
                                                                             json_type::description),
    json_members<model_deployment>::optional<&model_deployment::scaling>("scaling", json_type::description),
    // Some regions return the script itself.
    json_members<model_deployment>::optional<&model_deployment::startup_script>("startup_script",
                                                                                json_type::flag),
    json_members<model_deployment>::optional<&model_deployment::custom_image>("custom_image",
                                                                              json_type::description));
inline constexpr auto deployment_members = erased(deployment_columns);
inline constexpr json_schema deployment_shape{deployment_members};

/// The members shared by an app and a group of apps.
template <class Object>
constexpr auto appearance_columns() noexcept
{
    using in = json_members<Object>;
    return std::tuple(
        in::template optional<&app_appearance::visible_name>("visible_name", json_type::description),
        in::template optional<&app_appearance::description>("description", json_type::description),
        in::template optional<&app_appearance::icon>("icon", json_type::description),
        in::template optional<&app_appearance::sort_order>("sort_order", json_type::integer),
        in::template optional<&app_appearance::has_extra_conf>("has_extra_conf", json_type::flag),
        in::template optional<&app_appearance::has_extra_secret>("has_extra_secret", json_type::flag));
}

inline constexpr auto app_prefix_columns = std::tuple_cat(
    std::tuple(json_members<app_prefix>::required<&app_prefix::key>("key", json_type::text),
               json_members<app_prefix>::required<&app_prefix::prefix>("prefix", json_type::text)),
    appearance_columns<app_prefix>());
inline constexpr auto app_prefix_members = erased(app_prefix_columns);
inline constexpr json_schema app_prefix_shape{app_prefix_members};

/// An app's prefix: its urls do not contain the key.
inline constexpr auto prefix_of_app_members = erased(std::tuple_cat(
    std::tuple(json_members<app_prefix>::optional<&app_prefix::key>("key", json_type::text),
               json_members<app_prefix>::required<&app_prefix::prefix>("prefix", json_type::text)),
    appearance_columns<app_prefix>()));
inline constexpr json_schema prefix_of_app_shape{prefix_of_app_members};

inline constexpr auto app_version_members = version_members("app_deployment_setting");
inline constexpr json_schema app_version_shape{app_version_members};

inline constexpr auto app_members = erased(std::tuple_cat(
    std::tuple(json_members<app>::required<&app::id>("id", json_type::integer),
               json_members<app>::required<&app::name>("name", json_type::text),
               json_members<app>::required<&app::prefix>("app_prefix", prefix_of_app_shape),
               json_members<app>::list<&app::versions, app_version>("app_versions", app_version_shape),
               json_members<app>::optional<&app::owner_email>("owner_email", json_type::description)),
    appearance_columns<app>()));
inline constexpr json_schema app_shape{app_members};

inline constexpr std::tuple
    addon_columns(json_members<addon>::required<&addon::key>("key", json_type::text),
                  json_members<addon>::optional<&addon::name>("name", json_type::description),
                  json_members<addon>::keyed<&addon::service_type>("service_type"),
                  json_members<addon>::optional<&addon::url>("url", json_type::text),
                  json_members<addon>::optional<&addon::oauth_key>("oauth_key", json_type::text));
inline constexpr auto addon_members = erased(addon_columns);
inline constexpr json_schema addon_shape{addon_members};

}}} // namespace practicus::v1::detail::console_api
