// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The contents of a mock region. Each constructor takes what a real region always has; the other members are
// optional. An absent value is absent from the response.

namespace practicus { inline namespace v1 { namespace mock {

/// A user account.
struct user
{
    /// The user name is the e-mail's local part.
    user(std::string_view address, std::string_view secret)
        : email(address), password(secret), username(address.substr(0, address.find('@')))
    {}

    std::string email;
    std::string password;
    std::string username;
    /// If not empty, a login needs it in the field `otp_code`.
    std::string one_time_password;
};

/// A part of a listing, with further fields such as `visible_name`.
struct listed
{
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
    /// Urls contain `at`. It may contain slashes, but not at its ends.
    prefix(std::string_view id, std::string_view at) : key(id), path(at) {}

    /// Returns the console's entry.
    boost::json::object to_json() const { return with_fields({{"key", key}, {"prefix", path}}); }

    std::string key;
    std::string path;
};

/// A model deployment, or an app deployment setting.
struct deployment : listed
{
    deployment(std::string_view id, std::string_view title) : key(id), name(title) {}

    /// Returns the console's entry.
    boost::json::object to_json() const { return with_fields({{"key", key}, {"name", name}}); }

    std::string key;
    std::string name;
};

/// A version of a model or of an app.
struct version
{
    /// A region sends a version as a string or as a number.
    version(std::int64_t number, boost::json::value text, deployment at, std::string_view staged = {})
        : id(number), value(std::move(text)), where(std::move(at)), stage(staged)
    {}

    /// Returns the version as urls contain it, without the `v`.
    std::string text() const
    {
        auto const* const given = value.if_string();
        return given != nullptr ? std::string(*given) : boost::json::serialize(value);
    }

    /// Returns the console's entry, with the deployment in this field.
    boost::json::object to_json(std::string_view deployment_field) const
    {
        boost::json::object result{{"id", id}, {"version", value}};
        result["stage"] = stage.empty() ? boost::json::value(nullptr) : boost::json::value(stage);
        result[deployment_field] = where.to_json();
        return result;
    }

    std::int64_t id;
    boost::json::value value;
    deployment where;
    /// `Production`, `Staging` or another. Sent as null if empty.
    std::string stage;
};

/// The common part of models and apps. Without a version it is not deployed: its urls answer 404.
struct hosted : listed
{
    hosted(std::int64_t number, std::string_view title, prefix at)
        : id(number), name(title), where(std::move(at))
    {}

    /// Returns the version that answers, or null. `tag` is `v1`, `latest`, `prod`, `production` or `staging`.
    /// It is empty for the url without one: the production version answers, otherwise the latest.
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

    std::int64_t id;
    std::string name;
    prefix where;
    /// The last one is the latest.
    std::vector<version> versions;
    /// Whether the listing has the field of the versions.
    bool lists_versions = true;

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
    model(std::int64_t number, std::string_view title, prefix at, std::vector<version> deployed = {})
        : hosted(number, title, std::move(at)), answer_id(std::to_string(number))
    {
        versions = std::move(deployed);
    }

    /// Adds the fields that identify the version to a response. A field that the predictor has set stays.
    response& identify(response& answer, version const& v) const
    {
        auto const add = [&answer](std::string_view field, std::string_view value) {
            if (!answer.headers.contains(field)) answer.headers.add(field, value);
        };
        if (answer_id) add("x-prt-model-id", *answer_id);
        add("x-prt-model-name", name);
        add("x-prt-model-prefix", where.path);
        add("x-prt-model-version", v.text());
        add("x-prt-model-weight", "100");
        add("x-prt-deployment-key", v.where.key);
        add("x-prt-pod-name", v.where.key + "-0");
        return answer;
    }

    /// Returns the console's entry.
    boost::json::object to_json() const { return listing("model", "model_deployment"); }

    /// Further fields of the metadata at the model's url.
    boost::json::object metadata{{"model_signature_json", R"({"inputs": [], "outputs": []})"}};
    /// The value of the field `x-prt-model-id`. Default: the id. `std::nullopt`: no such field.
    std::optional<std::string> answer_id;

    /// Makes the response to a request, whose body is decompressed.
    using predictor = std::function<response(request const&)>;

    /// Answers predictions, once the request and its token are accepted. It is called on the server's thread,
    /// and on several at once if `region::handle` is. An exception is answered 500. Default: `predict_csv`,
    /// and an echo of JSON.
    predictor predicts;
    /// The limit of a prediction's body, decompressed, in bytes. A larger one is answered 413. Default: 1
    /// GiB.
    std::size_t max_body = std::size_t(1) << 30;
};

/// An app.
struct app : hosted
{
    app(std::int64_t number, std::string_view title, prefix at, std::vector<version> deployed = {})
        : hosted(number, title, std::move(at)), answer_id(number)
    {
        versions = std::move(deployed);
    }

    /// Returns the console's entry.
    boost::json::object to_json() const { return listing("app", "app_deployment_setting"); }

    /// The value of the metadata's field `app_id`. Default: the id. `std::nullopt`: no such field.
    std::optional<boost::json::value> answer_id;
};

/// An add-on: a service beside models and apps, such as Langflow.
struct addon : listed
{
    explicit addon(std::string_view id) : key(id) {}

    /// Returns the console's entry.
    boost::json::object to_json() const { return with_fields({{"key", key}}); }

    std::string key;
};

}}} // namespace practicus::v1::mock
