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

// What a mock region holds. Every type has the fields that a real region cannot do without in its
// constructor, and chained setters for the rest; what is not set is not answered.

namespace practicus { inline namespace v1 { namespace mock {

/// Somebody who may log in.
class user
{
public:
    /// Logs in with these two.
    user(std::string_view email, std::string_view password)
        : email_(email), password_(password), username_(email.substr(0, email.find('@')))
    {}

    /// Default: the e-mail's local part.
    user& username(std::string_view value) { return username_ = value, *this; }

    /// The login then needs this in the field `otp_code` as well.
    user& one_time_password(std::string_view value) { return one_time_password_ = value, *this; }

    /// As given.
    std::string const& email() const noexcept { return email_; }
    /// As given.
    std::string const& password() const noexcept { return password_; }
    /// What the region calls the user.
    std::string const& username() const noexcept { return username_; }
    /// As set; empty if none is needed.
    std::string const& one_time_password() const noexcept { return one_time_password_; }

private:
    std::string email_;
    std::string password_;
    std::string username_;
    std::string one_time_password_;
};

/// A named place: a model prefix, or, with more fields, an app prefix.
class prefix
{
public:
    /// Urls use `path`; it may hold slashes, and has none at its ends.
    prefix(std::string_view key, std::string_view path) : key_(key), path_(path) {}

    /// One more field of the listing, such as `visible_name` or `sort_order`.
    prefix& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// As given.
    std::string const& key() const noexcept { return key_; }
    /// As given.
    std::string const& path() const noexcept { return path_; }

    /// As the console lists it.
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
    /// With no more than what each deployment has.
    deployment(std::string_view key, std::string_view name) : key_(key), name_(name) {}

    /// One more field, such as `worker_type`, `scaling`, `startup_script`, `custom_image`.
    deployment& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// As given.
    std::string const& key() const noexcept { return key_; }

    /// As the console lists it.
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
    /// A version that is answered as a string, such as "1".
    version(std::int64_t id, std::string_view value, deployment where)
        : id_(id), text_(value), value_(boost::json::string(value)), where_(std::move(where))
    {}

    /// A version that is answered as a number.
    version(std::int64_t id, std::int64_t value, deployment where)
        : id_(id), text_(std::to_string(value)), value_(value), where_(std::move(where))
    {}

    /// The same for a literal.
    version(std::int64_t id, int value, deployment where)
        : version(id, static_cast<std::int64_t>(value), std::move(where))
    {}

    /// `Production`, `Staging` or another; null if never set.
    version& stage(std::string_view value) { return stage_ = value, *this; }

    /// As urls have it, without the `v`.
    std::string const& text() const noexcept { return text_; }
    /// As set; empty if none is.
    std::string const& stage() const noexcept { return stage_; }
    /// Where it runs.
    deployment const& where() const noexcept { return where_; }

    /// As the console lists it; where it runs stands in the field of this name.
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

/// What models and apps have in common.
class hosted
{
public:
    /// Not deployed: it has no version yet.
    hosted(std::int64_t id, std::string_view name, prefix where)
        : id_(id), name_(name), prefix_(std::move(where))
    {}

    /// What tokens are for.
    std::int64_t id() const noexcept { return id_; }
    /// As urls have it.
    std::string const& name() const noexcept { return name_; }
    /// Its prefix.
    prefix const& where() const noexcept { return prefix_; }
    /// In the order in which they were added.
    std::vector<version> const& versions() const noexcept { return versions_; }

    /// Returns the version that answers, or null. `tag` is `v1`, `latest`, `prod`, `production`, `staging`,
    /// or empty for the url without one: then production answers, or else the latest version.
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

    /// One more version.
    model& add(version v) { return versions_.push_back(std::move(v)), *this; }

    /// The listing has no `model_versions` at all.
    model& without_versions_field() { return lists_versions_ = false, *this; }

    /// One more field of the listing.
    model& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// One more field of the metadata at the model's url.
    model& metadata(std::string_view name, boost::json::value value)
    {
        metadata_[name] = std::move(value);
        return *this;
    }

    /// What the field `x-prt-model-id` holds instead of the id; `std::nullopt`: no such field.
    model& answer_id(std::optional<std::string> text) { return answer_id_ = std::move(text), *this; }

    /// From a request to its answer. The body is decompressed.
    using predictor = std::function<response(request const&)>;

    /// What answers predictions, once the request and its token were found good. Called on the server's
    /// thread, and on several at once if `region::handle` is. Default: `predict_csv`, and an echo of JSON.
    /// What throws is answered 500.
    model& predicts(predictor p) { return predictor_ = std::move(p), *this; }

    /// A prediction's body, decompressed, may have so many bytes: more is answered 413. Default: 1 GiB.
    model& max_body(std::size_t bytes) { return max_body_ = bytes, *this; }

    /// The value that is set, or the default.
    std::size_t max_body() const noexcept { return max_body_; }
    /// The function that is set, or none.
    predictor const& predicts() const noexcept { return predictor_; }
    /// As set; the id by default.
    std::optional<std::string> const& answer_id() const noexcept { return answer_id_; }
    /// The whole metadata.
    boost::json::object const& metadata() const noexcept { return metadata_; }
    /// The fields that say of an answer which version it comes from. What a predictor has set stays.
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
    /// As the console lists it.
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

    /// One more version.
    app& add(version v) { return versions_.push_back(std::move(v)), *this; }

    /// One more field of the listing, such as `visible_name`, `owner_email`, `icon`.
    app& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// What the field `app_id` of the metadata holds instead of the id; `std::nullopt`: no such field.
    app& answer_id(std::optional<boost::json::value> value) { return answer_id_ = std::move(value), *this; }

    /// As set; the id by default.
    std::optional<boost::json::value> const& answer_id() const noexcept { return answer_id_; }
    /// As the console lists it.
    boost::json::object to_json() const { return listing("app", "app_deployment_setting"); }

private:
    std::optional<boost::json::value> answer_id_{id_};
};

/// An add-on: a service beside models and apps, such as Langflow.
class addon
{
public:
    /// With no more than what each add-on has.
    explicit addon(std::string_view key) : key_(key) {}

    /// One more field of the listing, such as `name`, `service_type`, `url`, `oauth_key`.
    addon& with(std::string_view name, boost::json::value value)
    {
        more_[name] = std::move(value);
        return *this;
    }

    /// As given.
    std::string const& key() const noexcept { return key_; }

    /// As the console lists it.
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
