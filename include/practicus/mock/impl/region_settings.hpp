// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/endpoints.hpp>
#include <practicus/mock/openai.hpp>
#include <practicus/mock/prediction.hpp>
#include <practicus/mock/region.hpp>

namespace practicus { inline namespace v1 { namespace mock {

inline region& region::configure(std::function<void(region_settings&)> const& change)
{
    return set([&] {
        change(settings_);
        mint_.shape = settings_.tokens;
        mint_.hook = settings_.alter_claims;
    });
}

inline region& region::add(user u)
{
    return set([&] {
        if (!u.one_time_password.empty()) one_time_passwords_[u.email] = u.one_time_password;
        users_.push_back(std::move(u));
    });
}

inline region& region::add(model m)
{
    return set([&] {
        auto shared = std::make_shared<model const>(std::move(m));
        model_by_path_[shared->where.path + '/' + shared->name] = shared;
        models_.push_back(std::move(shared));
    });
}

inline region& region::add(app a)
{
    return set([&] {
        auto shared = std::make_shared<app const>(std::move(a));
        app_by_path_[shared->where.path + '/' + shared->name] = shared;
        apps_.push_back(std::move(shared));
    });
}

inline region& region::add(gateway g)
{
    return set([&] { gateways_.push_back(std::make_shared<gateway const>(std::move(g))); });
}

inline region& region::add(addon a)
{
    return set([&] { addons_.push_back(std::move(a)); });
}

inline region& region::add(codec c)
{
    auto shared = std::make_shared<codec const>(std::move(c));
    return set([&] { codecs_[shared->name()] = shared; });
}

inline region& region::add_model_prefix(prefix p)
{
    return set([&] { model_prefixes_.push_back(std::move(p)); });
}

inline region& region::add_app_prefix(prefix p)
{
    return set([&] { app_prefixes_.push_back(std::move(p)); });
}

inline region& region::add_model_deployment(deployment d)
{
    return set([&] { deployments_.push_back(std::move(d)); });
}

inline region& region::remove_model(std::int64_t id)
{
    return set([&] {
        std::erase_if(models_, [id](auto const& m) { return m->id == id; });
        std::erase_if(model_by_path_, [id](auto const& entry) { return entry.second->id == id; });
    });
}

inline region& region::remove_app(std::int64_t id)
{
    return set([&] {
        std::erase_if(apps_, [id](auto const& a) { return a->id == id; });
        std::erase_if(app_by_path_, [id](auto const& entry) { return entry.second->id == id; });
    });
}

namespace detail {

/// The prefixes and deployments of the demo, by name.
struct demo_places
{
    demo_places()
    {
        tools.fields = {{"visible_name", "Tools"}, {"description", "What helps"}, {"icon", "fa-wrench"},
                        {"sort_order", 1},         {"has_extra_conf", false},     {"has_extra_secret", true},
                        {"has_secrets", true}};
        small.fields = {{"worker_type", "Small-1"},
                        {"scaling", "1 - 2"},
                        {"startup_script", false},
                        {"has_secrets", false}};
        large.fields = {{"worker_type", "Large-1"},
                        {"scaling", "2 - 8"},
                        {"custom_image", "registry/models:2"},
                        {"has_secrets", true}};
        web.fields = {{"db_enabled", false}, {"has_secrets", false}};
    }

    prefix practicus{"models-practicus", "models/practicus"};
    prefix finance{"models-finance", "models/finance"};
    prefix llm{"models-llm", "llm"};
    prefix tools{"apps-tools", "apps/tools"};
    prefix bare{"apps-bare", "apps"};
    deployment small{"depl-small", "Small"};
    deployment large{"depl-large", "Large"};
    deployment web{"web", "Web"};
};

inline void add_demo_models(region& to, demo_places const& at, gateway const& chats)
{
    model price(42, "diamond-price", at.practicus,
                {{421, "1", at.small, "Production"}, {422, "2", at.large, "Staging"}, {423, 3, at.large}});
    price.fields = {{"has_secrets", false}};
    model archived(45, "archived", at.finance);
    archived.lists_versions = false;
    model assistant(46, "assistant", at.llm, {{461, "1", at.large, "Production"}});
    assistant.endpoints = chats.endpoints;
    // The same chat at the model's url, beside the prompt.
    assistant.endpoints[""] = [chat = assistant.endpoints["chat/completions"]](request const& r) {
        return r.body.find("\"messages\"") == std::string::npos ? stream_words(r) : chat(r);
    };
    to.add(price).add(model(43, "loan-risk", at.finance, {{431, 1, at.small}}));
    to.add(model(44, "draft", at.finance)).add(archived).add(assistant);
}

inline void add_demo_apps(region& to, demo_places const& at)
{
    app viewer(78, "viewer", at.tools, {{781, "1", at.web, "Production"}});
    viewer.fields = {{"visible_name", "Viewer"},
                     {"description", "Looks at things"},
                     {"owner_email", "admin@company.com"},
                     {"icon", "fa-eye"},
                     {"sort_order", 1},
                     {"has_secrets", false}};
    viewer.endpoints = {{"say-hello", echo_json}, {"sensor", echo_query}, {"upload", accept_upload}};
    addon langflow("langflow");
    langflow.fields = {{"name", "Langflow"},
                       {"service_type", {{"key", "LANGFLOW"}}},
                       {"url", "https://langflow.company.com"},
                       {"oauth_key", "langflow-oauth"}};
    to.add(viewer).add(app(79, "bare", at.bare)).add(langflow).add(addon("bare"));
}

} // namespace detail

inline region& region::add_demo(openai_options chats)
{
    detail::demo_places const at;
    add(user("admin@company.com", "practicus"));
    add_model_prefix(at.practicus).add_model_prefix(at.finance).add_model_prefix(at.llm);
    add_app_prefix(at.tools).add_app_prefix(at.bare);
    add_model_deployment(at.small).add_model_deployment(at.large).add_model_deployment({"depl-bare", "Bare"});
    if (chats.models.empty()) chats.models = {"assistant"};
    gateway front("ai-gateway/v1");
    front.endpoints = openai_endpoints(std::move(chats));
    detail::add_demo_models(*this, at, front);
    detail::add_demo_apps(*this, at);
    return add(front);
}

inline region& region::base_path(std::string_view path)
{
    return set([&] {
        base_ = path;
        if (!base_.starts_with('/')) base_.insert(0, 1, '/');
        if (!base_.ends_with('/')) base_ += '/';
    });
}

inline region& region::one_time_password(std::string_view email, std::string_view value)
{
    return set([&] { one_time_passwords_[std::string(email)] = value; });
}

inline region& region::advance(std::chrono::seconds by)
{
    return set([&] { offset_ += by; });
}

inline region::time_point region::now() const
{
    std::lock_guard lock(mutex_);
    return now_locked();
}

inline std::string region::issue(token_type type, std::string_view email, std::int64_t subject,
                                 std::optional<std::chrono::seconds> lifetime)
{
    std::lock_guard lock(mutex_);
    return issue_locked({type, std::string(email), subject}, lifetime);
}

inline region& region::revoke(token_type type)
{
    return set([&] { mint_.revoke_if([type](auto const& record) { return record.type == type; }); });
}

inline region& region::revoke_token(std::string_view token)
{
    return set([&] {
        if (auto* record = mint_.find(token)) record->revoked = true;
    });
}

inline region& region::forbid(std::string_view route, bool on)
{
    return set([&] {
        if (on)
            forbidden_.emplace(route);
        else
            forbidden_.erase(std::string(route));
    });
}

inline std::uint64_t region::count(std::string_view route) const
{
    std::lock_guard lock(mutex_);
    auto at = counts_.find(route);
    return at == counts_.end() ? 0 : at->second;
}

inline std::uint64_t region::count() const
{
    std::lock_guard lock(mutex_);
    return total_;
}

inline std::uint64_t region::count_status(unsigned status) const
{
    std::lock_guard lock(mutex_);
    auto at = statuses_.find(status);
    return at == statuses_.end() ? 0 : at->second;
}

inline std::map<std::string, std::uint64_t, std::less<>> region::counts() const
{
    std::lock_guard lock(mutex_);
    return counts_;
}

inline void region::reset_counts()
{
    std::lock_guard lock(mutex_);
    counts_.clear();
    statuses_.clear();
    total_ = 0;
}

inline std::vector<std::string> region::violations() const
{
    std::lock_guard lock(mutex_);
    return violations_;
}

inline void region::clear_violations()
{
    std::lock_guard lock(mutex_);
    violations_.clear();
}

inline std::string region::issue_locked(detail::token_record record,
                                        std::optional<std::chrono::seconds> lifetime,
                                        std::string_view addon_key)
{
    auto const type = record.type;
    if (!lifetime)
        lifetime = type == token_type::refresh  ? settings_.refresh_lifetime
                   : type == token_type::access ? settings_.access_lifetime
                                                : settings_.session_lifetime;
    boost::json::object claims;
    auto const* owner = find_user(record.email);
    auto const user_id = owner == nullptr ? 0 : owner - users_.data() + 1;
    claims["iss"] = "practicus";
    claims["sub"] = record.email;
    claims["user_id"] = settings_.user_ids_as_text ? boost::json::value(std::to_string(user_id)) : user_id;
    if (settings_.username_in_tokens)
        claims["username"] =
            owner == nullptr ? record.email.substr(0, record.email.find('@')) : owner->username;
    if (type == token_type::addon_session) claims["ext_svc_key"] = addon_key;
    if (type == token_type::session || type == token_type::app_session) {
        claims[type == token_type::session ? "model_id" : "app_id"] = record.subject;
        claims["upload"] = record.upload;
    }
    return mint_.issue(std::move(record), std::move(claims), now_locked(), *lifetime);
}

inline user const* region::find_user(std::string_view email) const
{
    for (auto const& u : users_)
        if (u.email == email) return &u;
    return nullptr;
}

}}} // namespace practicus::v1::mock
