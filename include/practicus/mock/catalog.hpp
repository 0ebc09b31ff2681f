// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The content of a mock region. Each constructor takes the fields that a real region always has; the other
// members are optional. An absent value is absent from the response.

namespace practicus { inline namespace v1 { namespace mock {

/// A function from a request to its response. It is called on the server's thread, or on the threads that
/// call `region::handle`, possibly on several at once. An exception becomes a 500.
using handler = std::function<response(request const&)>;

/// A user account.
struct user
{
    /// An account with this e-mail and password. Its username is the e-mail's local part.
    user(std::string_view address, std::string_view secret)
        : email(address), password(secret), username(address.substr(0, address.find('@')))
    {}

    /// The e-mail, with which the user logs in.
    std::string email;
    /// The password.
    std::string password;
    /// The name in responses and tokens.
    std::string username;
    /// If not empty, every login needs a one-time password in the field `otp_code`. This value is valid once;
    /// `region::one_time_password` sets the next one.
    std::string one_time_password;
};

/// The common part of entries of a listing.
struct listed
{
    /// Further fields of the entry, such as `visible_name` or `scaling`.
    boost::json::object fields;

protected:
    boost::json::object with_fields(boost::json::object result) const
    {
        for (auto const& [name, value] : fields)
            result[name] = value;
        return result;
    }
};

/// A model prefix or an app prefix.
struct prefix : listed
{
    /// A prefix with this key and path.
    prefix(std::string_view id, std::string_view at) : key(id), path(at) {}

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return with_fields({{"key", key}, {"prefix", path}}); }

    /// The console's name of the prefix.
    std::string key;
    /// The beginning of the urls. It may hold slashes, but not at its ends.
    std::string path;
};

/// A model deployment, or an app deployment setting.
struct deployment : listed
{
    /// A deployment with this key and name.
    deployment(std::string_view id, std::string_view title) : key(id), name(title) {}

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return with_fields({{"key", key}, {"name", name}}); }

    /// The console's name of the deployment.
    std::string key;
    /// The name that users see.
    std::string name;
};

/// A version of a model or of an app.
struct version
{
    /// A version that is sent as `text`, a string or a number.
    version(std::int64_t number, boost::json::value text, deployment at, std::string_view staged = {})
        : id(number), value(std::move(text)), where(std::move(at)), stage(staged)
    {}

    /// Returns the version as in urls, without the `v`.
    std::string text() const
    {
        auto const* const given = value.if_string();
        return given != nullptr ? std::string(*given) : boost::json::serialize(value);
    }

    /// Returns the entry of the console's listing, with the deployment in this field.
    boost::json::object to_json(std::string_view deployment_field) const
    {
        boost::json::object result{{"id", id}, {"version", value}};
        result["stage"] = stage.empty() ? boost::json::value(nullptr) : boost::json::value(stage);
        result[deployment_field] = where.to_json();
        return result;
    }

    /// The id of the version. Tokens are issued for `hosted::id`, not for this id.
    std::int64_t id;
    /// The version as sent: a string or a number.
    boost::json::value value;
    /// The deployment that the version runs on.
    deployment where;
    /// `Production`, `Staging` or another. Sent as null if empty.
    std::string stage;
    /// The share of the model's requests without a version, in percent. If no version has one, production or
    /// else the latest version answers them all.
    unsigned weight = 0;
};

/// The start of a model or app that is scaled to zero. The first request starts it. Until it runs, its
/// requests get a 503. Times are those of the region's clock.
struct cold_start
{
    cold_start() {}

    /// The time from the first request until it runs.
    std::chrono::seconds duration{60};
    /// True if the 503 is that of the service mesh, the plain text `no healthy upstream`.
    bool from_mesh = false;
    /// If set, the 503 has this value in the field Retry-After.
    std::optional<std::chrono::seconds> retry_after;
    /// If set, it is scaled to zero again after this time without a request.
    std::optional<std::chrono::seconds> idle_limit;
};

/// The common part of what answers under a url of its own.
struct served
{
    /// Returns the function that answers at this path behind the url, or null. A slash at its end is ignored.
    handler const* at(std::string_view behind) const
    {
        if (behind.ends_with('/')) behind.remove_suffix(1);
        auto const found = endpoints.find(behind);
        return found == endpoints.end() ? nullptr : &found->second;
    }

    /// The functions that answer requests of any method at paths behind the url, such as `chat/completions`.
    /// An empty path is the url itself.
    std::map<std::string, handler, std::less<>> endpoints;
};

/// The common part of models and apps. Without a version, an entry is not deployed: its urls get a 404.
struct hosted : listed, served
{
    /// An entry without a version.
    hosted(std::int64_t number, std::string_view title, prefix at)
        : id(number), name(title), where(std::move(at))
    {}

    /// Returns the version that answers, or null. `tag` is `v1` and the like, `latest`, `prod`, `production`,
    /// `staging`, or empty for a url without a version. An empty tag selects production, else the latest
    /// version.
    version const* serving(std::string_view tag) const
    {
        auto const staged = [&](std::string_view word) -> version const* {
            for (auto const& v : versions)
                if (v.stage.starts_with(word)) return &v;
            return nullptr;
        };
        auto const* const latest = versions.empty() ? nullptr : &versions.back();
        if (tag == "latest") return latest;
        if (tag == "prod" || tag == "production") return staged("Prod");
        if (tag == "staging") return staged("Stag");
        if (tag.empty()) {
            auto const* const in_production = staged("Prod");
            return in_production != nullptr ? in_production : latest;
        }
        for (auto const& v : versions)
            if (tag.front() == 'v' && tag.substr(1) == v.text()) return &v;
        return nullptr;
    }

    /// Returns true if a version answers.
    bool serves(std::string_view tag) const { return serving(tag) != nullptr; }

    /// The id that tokens are issued for.
    std::int64_t id;
    /// The name as in urls.
    std::string name;
    /// The group; urls are made of its path and `name`.
    prefix where;
    /// The versions. The last one is the latest.
    std::vector<version> versions;
    /// True if the listing has the field of the versions.
    bool lists_versions = true;
    /// If set, it begins scaled to zero.
    std::optional<mock::cold_start> cold_start;

protected:
    boost::json::object listing(std::string_view kind, std::string_view deployment_field) const
    {
        boost::json::object result{{"id", id}, {"name", name}};
        result[std::string(kind) + "_prefix"] = where.to_json();
        result = with_fields(std::move(result));
        if (!lists_versions) return result;
        boost::json::array all;
        for (auto const& v : versions)
            all.push_back(v.to_json(deployment_field));
        result[std::string(kind) + "_versions"] = std::move(all);
        return result;
    }
};

/// A model.
struct model : hosted
{
    /// A model with this id, name, prefix and versions.
    model(std::int64_t number, std::string_view title, prefix at, std::vector<version> deployed = {})
        : hosted(number, title, std::move(at)), answer_id(std::to_string(number))
    {
        versions = std::move(deployed);
    }

    /// Adds the fields that name the model and the version. Fields that a predictor has set stay.
    response& identify(response& answer, version const& v) const
    {
        auto const add = [&answer](std::string_view field, std::string_view value) {
            if (!answer.headers.contains(field)) answer.headers.add(field, value);
        };
        if (answer_id) add("x-prt-model-id", *answer_id);
        add("x-prt-model-name", name);
        add("x-prt-model-prefix", where.path);
        add("x-prt-model-version", v.text());
        add("x-prt-model-weight", has_weights() ? std::to_string(v.weight) : "100");
        add("x-prt-deployment-key", v.where.key);
        add("x-prt-pod-name", v.where.key + "-0");
        return answer;
    }

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return listing("model", "model_deployment"); }

    /// Returns true if weights decide which version answers a request without one.
    bool has_weights() const
    {
        return std::any_of(versions.begin(), versions.end(), [](version const& v) { return v.weight != 0; });
    }

    /// Returns the function that answers at this path behind the url, or null.
    handler const* answering(std::string_view behind) const
    {
        auto const* const own = at(behind);
        return own == nullptr && predicts ? &predicts : own;
    }

    /// The fields of the metadata at the model's url.
    boost::json::object metadata{{"model_signature_json", R"({"inputs": [], "outputs": []})"}};
    /// The value of the field `x-prt-model-id`; `std::nullopt` omits it. Default: the id.
    std::optional<std::string> answer_id;

    /// The function that answers valid requests with a valid token where `endpoints` has none. The bodies
    /// that it gets are decompressed. Empty: `predict_csv` for CSV, and an echo of JSON; paths behind the
    /// model's url get a 404.
    handler predicts;
    /// The limit of a prediction's decompressed body, in bytes. A larger one gets a 413. Default: 1 GiB.
    std::size_t max_body = std::size_t(1) << 30;
};

/// An app.
struct app : hosted
{
    /// An app with this id, name, prefix and versions.
    app(std::int64_t number, std::string_view title, prefix at, std::vector<version> deployed = {})
        : hosted(number, title, std::move(at)), answer_id(number)
    {
        versions = std::move(deployed);
    }

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return listing("app", "app_deployment_setting"); }

    /// The value of the metadata's field `app_id`; `std::nullopt` omits it. Default: the id.
    std::optional<boost::json::value> answer_id;
};

/// A gateway in front of models, called with tokens of the type `token_type::gateway` that an administrator
/// hands out; see `region::issue`.
struct gateway : served
{
    /// A gateway at this path of the region, such as `ai-gateway/v1`.
    explicit gateway(std::string_view at_path) : path(at_path) {}

    /// The beginning of its urls, without slashes at its ends.
    std::string path;
};

/// An add-on: a service beside models and apps, such as Langflow.
struct addon : listed
{
    /// An add-on with this key.
    explicit addon(std::string_view id) : key(id) {}

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return with_fields({{"key", key}}); }

    /// The key that tokens are issued for.
    std::string key;
};

}}} // namespace practicus::v1::mock
