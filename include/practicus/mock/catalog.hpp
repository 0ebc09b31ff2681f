// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/message.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The content of a mock region. Each constructor takes the fields that a real region always has. Chained
// setters add the rest; a field that is not set is not sent.

namespace practicus { inline namespace v1 { namespace mock {

/// A user account.
class user
{
public:
    /// An account with this e-mail and password.
    user(std::string_view email, std::string_view password)
        : email_(email), password_(password), username_(email.substr(0, email.find('@')))
    {}

    /// Sets the username. Default: the e-mail's local part.
    user& username(std::string_view value) { return username_ = value, *this; }

    /// Requires a one-time password in the field `otp_code` of every login. This value is valid once;
    /// `region::one_time_password` sets the next one.
    user& one_time_password(std::string_view value) { return one_time_password_ = value, *this; }

    /// Returns the e-mail.
    std::string const& email() const noexcept { return email_; }
    /// Returns the password.
    std::string const& password() const noexcept { return password_; }
    /// Returns the username.
    std::string const& username() const noexcept { return username_; }
    /// Returns the one-time password, or an empty text if none is required.
    std::string const& one_time_password() const noexcept { return one_time_password_; }

private:
    std::string email_;
    std::string password_;
    std::string username_;
    std::string one_time_password_;
};

/// A model prefix, or, with more fields, an app prefix.
class prefix
{
public:
    /// `path` is the beginning of the urls. It may hold slashes, but not at its ends.
    prefix(std::string_view key, std::string_view path) : key_(key), path_(path) {}

    /// Adds a field to the listing, such as `visible_name` or `sort_order`.
    prefix& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// Returns the key.
    std::string const& key() const noexcept { return key_; }
    /// Returns the path.
    std::string const& path() const noexcept { return path_; }

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const
    {
        boost::json::object result{{"key", key_}, {"prefix", path_}};
        for (auto const& [name, value] : more_)
            result[name] = value;
        return result;
    }

private:
    std::string key_;
    std::string path_;
    boost::json::object more_;
};

/// A model deployment, or an app deployment setting.
class deployment
{
public:
    /// A deployment with the required fields only.
    deployment(std::string_view key, std::string_view name) : key_(key), name_(name) {}

    /// Adds a field, such as `worker_type`, `scaling`, `startup_script` or `custom_image`.
    deployment& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// Returns the key.
    std::string const& key() const noexcept { return key_; }

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const
    {
        boost::json::object result{{"key", key_}, {"name", name_}};
        for (auto const& [name, value] : more_)
            result[name] = value;
        return result;
    }

private:
    std::string key_;
    std::string name_;
    boost::json::object more_;
};

/// A version of a model or of an app.
class version
{
public:
    /// A version that is sent as a string, such as "1".
    version(std::int64_t id, std::string_view value, deployment where)
        : id_(id), text_(value), value_(boost::json::string(value)), where_(std::move(where))
    {}

    /// A version that is sent as a number.
    version(std::int64_t id, std::int64_t value, deployment where)
        : id_(id), text_(std::to_string(value)), value_(value), where_(std::move(where))
    {}

    /// A version that is sent as a number, from a literal.
    version(std::int64_t id, int value, deployment where)
        : version(id, static_cast<std::int64_t>(value), std::move(where))
    {}

    /// Sets the stage: `Production`, `Staging` or another. Default: none, sent as null.
    version& stage(std::string_view value) { return stage_ = value, *this; }

    /// Returns the version as in urls, without the `v`.
    std::string const& text() const noexcept { return text_; }
    /// Returns the stage, or an empty text if none is set.
    std::string const& stage() const noexcept { return stage_; }
    /// Returns the deployment.
    deployment const& where() const noexcept { return where_; }

    /// Returns the entry of the console's listing. The deployment is in the field `deployment_field`.
    boost::json::object to_json(std::string_view deployment_field) const
    {
        boost::json::object result{{"id", id_}, {"version", value_}};
        result["stage"] = stage_.empty() ? boost::json::value(nullptr) : boost::json::value(stage_);
        result[deployment_field] = where_.to_json();
        return result;
    }

private:
    std::int64_t id_;
    std::string text_;
    boost::json::value value_;
    std::string stage_;
    deployment where_;
};

namespace detail {

/// The common part of models and apps.
class hosted
{
public:
    /// An entry without a version: not deployed.
    hosted(std::int64_t id, std::string_view name, prefix where)
        : id_(id), name_(name), prefix_(std::move(where))
    {}

    /// Returns the id that tokens are issued for.
    std::int64_t id() const noexcept { return id_; }
    /// Returns the name as in urls.
    std::string const& name() const noexcept { return name_; }
    /// Returns the prefix.
    prefix const& where() const noexcept { return prefix_; }
    /// Returns the versions in the order of `add`.
    std::vector<version> const& versions() const noexcept { return versions_; }

    /// Returns the version that answers, or null. `tag` is `v1` and the like, `latest`, `prod`,
    /// `production`, `staging`, or empty for a url without a version. An empty tag selects production, else
    /// the latest version.
    version const* serving(std::string_view tag) const
    {
        auto const staged = [&](std::string_view word) -> version const* {
            for (auto const& v : versions_)
                if (v.stage().starts_with(word)) return &v;
            return nullptr;
        };
        auto const* const latest = versions_.empty() ? nullptr : &versions_.back();
        if (tag == "latest") return latest;
        if (tag == "prod" || tag == "production") return staged("Prod");
        if (tag == "staging") return staged("Stag");
        if (tag.empty()) {
            auto const* const in_production = staged("Prod");
            return in_production != nullptr ? in_production : latest;
        }
        for (auto const& v : versions_)
            if (tag.front() == 'v' && tag.substr(1) == v.text()) return &v;
        return nullptr;
    }

    /// Returns true if a version answers.
    bool serves(std::string_view tag) const { return serving(tag) != nullptr; }

protected:
    boost::json::object listing(std::string_view kind, std::string_view deployment_field) const
    {
        boost::json::object result{{"id", id_}, {"name", name_}};
        result[std::string(kind) + "_prefix"] = prefix_.to_json();
        for (auto const& [name, value] : more_)
            result[name] = value;
        if (!lists_versions_) return result;
        boost::json::array all;
        for (auto const& v : versions_)
            all.push_back(v.to_json(deployment_field));
        result[std::string(kind) + "_versions"] = std::move(all);
        return result;
    }

    std::int64_t id_;
    std::string name_;
    prefix prefix_;
    std::vector<version> versions_;
    bool lists_versions_ = true;
    boost::json::object more_;
};

} // namespace detail

/// A model. Without a version it is not deployed: its urls answer 404.
class model : public detail::hosted
{
public:
    using hosted::hosted;

    /// Adds a version.
    model& add(version v) { return versions_.push_back(std::move(v)), *this; }

    /// Omits `model_versions` from the listing.
    model& without_versions_field() { return lists_versions_ = false, *this; }

    /// Adds a field to the listing.
    model& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// Adds a field to the metadata at the model's url.
    model& metadata(std::string_view name, boost::json::value value)
    {
        metadata_[name] = std::move(value);
        return *this;
    }

    /// Sets the value of the field `x-prt-model-id`; `std::nullopt` omits it. Default: the id.
    model& answer_id(std::optional<std::string> text) { return answer_id_ = std::move(text), *this; }

    /// A function from a request, with its body decompressed, to its response.
    using predictor = std::function<response(request const&)>;

    /// Sets the function that answers valid requests with a valid token. It is called on the server's
    /// thread, or on the threads that call `region::handle`, possibly on several at once. An exception
    /// becomes a 500. Default: `predict_csv` for CSV; JSON is echoed.
    model& predicts(predictor p) { return predictor_ = std::move(p), *this; }

    /// Limits the decompressed body of a prediction, in bytes. A larger one gets a 413. Default: 1 GiB.
    model& max_body(std::size_t bytes) { return max_body_ = bytes, *this; }

    /// Returns the limit, in bytes.
    std::size_t max_body() const noexcept { return max_body_; }
    /// Returns the function that was set, or an empty one.
    predictor const& predicts() const noexcept { return predictor_; }
    /// Returns the value of `x-prt-model-id`, if it is sent.
    std::optional<std::string> const& answer_id() const noexcept { return answer_id_; }
    /// Returns the whole metadata.
    boost::json::object const& metadata() const noexcept { return metadata_; }
    /// Adds the fields that name the model and the version. Fields that a predictor has set stay.
    response& identify(response& answer, version const& v) const
    {
        auto const add = [&answer](std::string_view name, std::string_view value) {
            if (!answer.headers.contains(name)) answer.headers.add(name, value);
        };
        if (answer_id_) add("x-prt-model-id", *answer_id_);
        add("x-prt-model-name", name_);
        add("x-prt-model-prefix", prefix_.path());
        add("x-prt-model-version", v.text());
        add("x-prt-model-weight", "100");
        add("x-prt-deployment-key", v.where().key());
        add("x-prt-pod-name", v.where().key() + "-0");
        return answer;
    }
    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return listing("model", "model_deployment"); }

private:
    boost::json::object metadata_{{"model_signature_json", R"({"inputs": [], "outputs": []})"}};
    std::optional<std::string> answer_id_{std::to_string(id_)};
    predictor predictor_;
    std::size_t max_body_ = std::size_t(1) << 30;
};

/// An app. Without a version it is not deployed: its urls answer 404.
class app : public detail::hosted
{
public:
    using hosted::hosted;

    /// Adds a version.
    app& add(version v) { return versions_.push_back(std::move(v)), *this; }

    /// Adds a field to the listing, such as `visible_name`, `owner_email` or `icon`.
    app& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// Sets the value of the field `app_id` of the metadata; `std::nullopt` omits it. Default: the id.
    app& answer_id(std::optional<boost::json::value> value) { return answer_id_ = std::move(value), *this; }

    /// Returns the value of `app_id`, if it is sent.
    std::optional<boost::json::value> const& answer_id() const noexcept { return answer_id_; }
    /// Returns the entry of the console's listing.
    boost::json::object to_json() const { return listing("app", "app_deployment_setting"); }

private:
    std::optional<boost::json::value> answer_id_{id_};
};

/// An add-on: a service beside models and apps, such as Langflow.
class addon
{
public:
    /// An add-on with the required field only.
    explicit addon(std::string_view key) : key_(key) {}

    /// Adds a field to the listing, such as `name`, `service_type`, `url` or `oauth_key`.
    addon& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// Returns the key.
    std::string const& key() const noexcept { return key_; }

    /// Returns the entry of the console's listing.
    boost::json::object to_json() const
    {
        boost::json::object result{{"key", key_}};
        for (auto const& [name, value] : more_)
            result[name] = value;
        return result;
    }

private:
    std::string key_;
    boost::json::object more_;
};

}}} // namespace practicus::v1::mock
