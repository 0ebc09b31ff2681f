// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/catalog.hpp>
#include <practicus/mock/codec.hpp>
#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/openai_options.hpp>
#include <practicus/mock/prediction.hpp>
#include <practicus/mock/token.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// The treatment of a used refresh token.
enum class rotation
{
    /// It stays valid; only an access token is issued.
    none,
    /// A new refresh token is issued; the used one stays valid.
    keep_old,
    /// A new refresh token is issued; the used one is refused afterwards.
    blacklist_old,
};

/// The behaviour of a region; see `region::configure`.
struct region_settings
{
    /// A time of the region's clock.
    using time_point = std::chrono::system_clock::time_point;

    region_settings() {}

    /// The codec that encodes the console's responses for clients that accept it. Empty: none.
    std::string console_encoding;
    /// The field `NAME` of `central/clusterdefinition/`; `std::nullopt` omits it.
    std::optional<std::string> cluster_name = "practicus";
    /// The field `REGION_NAME` of the same response; `std::nullopt` omits it.
    std::optional<std::string> region_name = "mock";

    /// The lifetime of refresh tokens that are issued from now on. Default: 90 days.
    std::chrono::seconds refresh_lifetime = std::chrono::hours(24 * 90);
    /// The lifetime of access tokens that are issued from now on. Default: 30 minutes.
    std::chrono::seconds access_lifetime = std::chrono::minutes(30);
    /// The lifetime of session tokens that are issued from now on. Default: 4 hours.
    std::chrono::seconds session_lifetime = std::chrono::hours(4);
    /// The treatment of used refresh tokens.
    mock::rotation rotation = mock::rotation::none;
    /// The form of issued tokens.
    token_shape tokens = token_shape::jwt;
    /// Changes the claims of every new JWT, as the client reads them; the region's own record stays. It
    /// must not call the region.
    std::function<void(token_type, boost::json::object&)> alter_claims;

    /// True if a login returns `username`. The vendor's SDK needs this and the next one.
    bool username_at_login = true;
    /// True if a refresh returns `username`.
    bool username_at_refresh = true;
    /// True if tokens hold `username`. They hold `sub` and `user_id` in any case, unless `alter_claims`
    /// removes them.
    bool username_in_tokens = true;
    /// True if the claim `user_id` is a string instead of a number.
    bool user_ids_as_text = false;
    /// True if forms that only the vendor's SDK sends are violations. These are form bodies where JSON is
    /// documented, and a refresh token at a model's url.
    bool documented_forms_only = false;

    /// The clock of `Date`, `iat`, `exp` and expiry. Empty: the system's clock. It must not call the
    /// region.
    std::function<time_point()> clock;
};

/// A Practicus AI region without a network: users, models, apps and tokens, and the responses to requests.
///
/// The region is strict. A request that a correct client never sends gets the error of the real console's
/// frameworks, and is noted in `violations()`. Examples are a wrong method, token type or content type, an
/// unknown field of a body, or a meaningless query. A wrong password, or a token that is expired, revoked
/// or unknown, gets an error but is no violation.
///
/// Thread safety: every member may be called from any thread. Changes apply from the next request on.
class region
{
public:
    /// A time of the region's clock.
    using time_point = region_settings::time_point;

    region() = default;
    region(region const&) = delete;
    region& operator=(region const&) = delete;

    /// Calls `change` with the settings, which apply from the next request on. `change` must not call the
    /// region.
    region& configure(std::function<void(region_settings&)> const& change);

    // Content.

    /// Adds a user.
    region& add(user u);
    /// Adds a model, which is listed and served.
    region& add(model m);
    /// Adds an app, which is listed and served.
    region& add(app a);

    /// Adds a gateway, which is served.
    region& add(gateway g);

    /// Adds an add-on, which is listed and for which tokens are issued.
    region& add(addon a);

    /// Adds a content encoding for predictions, or replaces the one of this name. A server's region begins
    /// with `zlib_codecs()`, any other region with none.
    region& add(codec c);
    /// Lists a model prefix. A model may have a prefix that is not listed.
    region& add_model_prefix(prefix p);
    /// Lists an app prefix.
    region& add_app_prefix(prefix p);
    /// Lists a deployment.
    region& add_model_deployment(deployment d);
    /// Removes a model. Its urls get a 404.
    region& remove_model(std::int64_t id);
    /// Removes an app. Its urls get a 404.
    region& remove_app(std::int64_t id);

    /// Adds a user `admin@company.com` with the password `practicus`, three model prefixes, deployments,
    /// apps, add-ons, a gateway, and models with and without versions. `models/practicus/diamond-price` has
    /// the id 42. `chats` is the behaviour of the model `llm/assistant` and of the gateway at
    /// `ai-gateway/v1`.
    region& add_demo(openai_options chats = openai_options());

    /// Sets the path of the service url. Default: `/`.
    region& base_path(std::string_view path);

    /// Sets the user's one-time password, which is valid for one login. From then on, each login of the
    /// user needs one.
    region& one_time_password(std::string_view email, std::string_view value);

    // Tokens and time.

    /// Moves the clock forward, or back if negative.
    region& advance(std::chrono::seconds by);
    /// Returns the time of the region's clock.
    time_point now() const;

    /// Returns a new token, as the region issues it. `subject` is the id of the model or app. With a lifetime
    /// it is one that an administrator hands out.
    std::string issue(token_type type, std::string_view email, std::int64_t subject = 0,
                      std::optional<std::chrono::seconds> lifetime = std::nullopt);

    /// Revokes all tokens of this type that have been issued.
    region& revoke(token_type type);

    /// Revokes this token.
    region& revoke_token(std::string_view token);

    /// Answers this route with 403, or stops doing so. `route` is a key as in `count`.
    region& forbid(std::string_view route, bool on = true);

    // Requests.

    /// Returns the response to a request, as the server sends it.
    response handle(request const& r);

    /// Counts a request that the region does not answer. `whole`: the body was read; the framing is checked.
    void record(request const& r, bool whole = true);

    /// Adds a violation that was found outside the region. At most 1,000 are kept.
    void add_violation(std::string what);

    /// Returns the number of requests of a route. A console route is the method and path, such as `POST
    /// auth/`, `POST auth/refresh/`, `GET modelhost/models/` or `GET modelhost/model-auth/`. The services'
    /// routes are `GET model-meta` and `GET app-meta`; methods with `predict`, such as `POST predict`, for
    /// models and paths behind them; and methods with `app-call` and `gateway`. All others are `other`.
    std::uint64_t count(std::string_view route) const;
    /// Returns the number of all requests.
    std::uint64_t count() const;

    /// Returns the number of responses with this status; requests of `record` are not counted.
    std::uint64_t count_status(unsigned status) const;
    /// Returns the number of requests of each route that had any.
    std::map<std::string, std::uint64_t, std::less<>> counts() const;
    /// Resets the numbers of requests and statuses.
    void reset_counts();

    /// Returns the violations of clients, oldest first, at most 1,000. They hold no secrets.
    std::vector<std::string> violations() const;
    /// Removes all violations.
    void clear_violations();

private:
    /// The bodies that a console path accepts.
    enum class takes
    {
        nothing,
        json_or_form,
        form ///< The only documented form.
    };

    /// A request in progress.
    struct call
    {
        explicit call(request const& sent) : r(sent) {}

        request const& r;
        /// The path without the region's base path and the first slash.
        std::string_view path;
        detail::body_fields body;
        takes body_form = takes::nothing;
        /// Returns the response instead of the region, without the region's mutex.
        std::function<response()> later;
    };

    /// A route of the console.
    struct endpoint;

    /// The pods of a model or app.
    struct pods
    {
        /// The time from which they run; empty while scaled to zero.
        std::optional<time_point> ready;
        time_point last_use;
        /// The credit of each version in the weighted round robin.
        std::vector<std::int64_t> credit;
    };

    /// The target of a path outside the console.
    struct target
    {
        std::shared_ptr<gateway const> through;
        std::shared_ptr<model const> hosted_model;
        std::shared_ptr<app const> hosted_app;
        /// The app's api, not its page.
        bool api = false;
        std::string tag;
        /// The path behind the target.
        std::string rest;
        /// No path follows the target, and no slash ends it.
        bool open = false;
    };

    static std::span<endpoint const> endpoints();

    response answer(call& c);
    std::string key_of(request const& r) const;
    std::string service_key(request const& r, std::string_view path) const;
    void violate(call const& c, std::string_view what);
    void check_framing(call const& c);
    void check_lengths(call const& c);

    void encode_console(request const& r, response& result) const;
    response console(call& c);
    response login(call& c);
    response refresh(call& c);
    std::string_view refresh_fault(detail::token_record const* record) const;
    detail::token_record* refresh_record(call& c, response& refusal);
    response cluster_definition(call& c);
    response model_prefixes(call& c);
    response models(call& c);
    response model_deployments(call& c);
    response model_auth(call& c);
    response app_prefixes(call& c);
    response apps(call& c);
    response app_auth(call& c);
    response addons(call& c);
    response addon_auth(call& c);

    target resolve(std::string_view path) const;
    response service(call& c);
    std::optional<response> cold(std::shared_ptr<hosted const> const& owner);
    response gateway_call(call& c, target const& found);
    response model_call(call& c, target const& found, version const* v);
    bool check_prediction(call& c, response& refusal);
    version const* next_version(std::shared_ptr<model const> const& m);
    bool comes_from_sdk(call const& c);
    bool find_coding(call& c, std::shared_ptr<codec const>& coding, response& refusal);
    static response predict(request const& sent, handler const* answers, std::size_t max_body,
                            codec const* coding);
    response model_metadata(call& c, model const& m, version const& v);
    response app_call(call& c, target const& found);
    response app_endpoint(call& c, target const& found);
    bool has_session_of(call& c, token_type type, hosted const& owner, response& refusal);

    detail::token_record const* bearer(call& c, std::initializer_list<token_type> accepted,
                                       response& refusal);
    /// Adds a violation, and returns a 400.
    response refuse_call(call const& c, std::string_view what);
    bool read_body(call& c, std::initializer_list<std::string_view> allowed, response& refusal);
    bool read_texts(call& c, std::initializer_list<std::string_view> required, response& refusal);
    template <class List>
    response listing(call& c, List const& items);
    template <class List>
    response session_call(call& c, std::string_view id_field, token_type type, List const& known);
    std::string issue_locked(detail::token_record record,
                             std::optional<std::chrono::seconds> lifetime = std::nullopt,
                             std::string_view addon_key = {});
    user const* find_user(std::string_view email) const;
    time_point now_locked() const
    {
        return (settings_.clock ? settings_.clock() : std::chrono::system_clock::now()) + offset_;
    }
    template <class Change>
    region& set(Change change)
    {
        std::lock_guard lock(mutex_);
        change();
        return *this;
    }

    mutable std::mutex mutex_;
    std::vector<user> users_;
    std::vector<prefix> model_prefixes_;
    std::vector<prefix> app_prefixes_;
    std::vector<deployment> deployments_;
    std::vector<std::shared_ptr<model const>> models_;
    std::vector<std::shared_ptr<app const>> apps_;
    std::vector<addon> addons_;
    std::vector<std::shared_ptr<gateway const>> gateways_;
    std::unordered_map<std::shared_ptr<hosted const>, pods> pods_;
    std::unordered_map<std::string, std::shared_ptr<model const>> model_by_path_;
    std::unordered_map<std::string, std::shared_ptr<app const>> app_by_path_;
    std::unordered_map<std::string, std::string> one_time_passwords_;
    std::map<std::string, std::shared_ptr<codec const>, std::less<>> codecs_;
    std::string base_ = "/";

    region_settings settings_;
    detail::token_mint mint_;
    std::chrono::seconds offset_{0};

    std::set<std::string, std::less<>> forbidden_;
    std::map<std::string, std::uint64_t, std::less<>> counts_;
    std::map<unsigned, std::uint64_t> statuses_;
    std::uint64_t total_ = 0;
    std::vector<std::string> violations_;
};

}}} // namespace practicus::v1::mock
