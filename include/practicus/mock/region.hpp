// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/catalog.hpp>
#include <practicus/mock/codec.hpp>
#include <practicus/mock/detail/body.hpp>
#include <practicus/mock/detail/replies.hpp>
#include <practicus/mock/message.hpp>
#include <practicus/mock/prediction.hpp>
#include <practicus/mock/token.hpp>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
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
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock {

/// What a region does with a refresh token that was used.
enum class rotation
{
    /// It stays; only a new access token is answered.
    none,
    /// A new one is answered as well, and the old one stays good.
    keep_old,
    /// A new one is answered as well, and the old one is refused from then on.
    blacklist_old,
};

/// How a region behaves. Changed by `region::configure`.
struct region_settings
{
    /// A time of the region's clock.
    using time_point = std::chrono::system_clock::time_point;

    region_settings() {}

    /// Encodes the console's answers by the codec of this name for clients that accept it. Empty: none.
    std::string console_encoding;
    /// `NAME` of `central/clusterdefinition/`; `std::nullopt`: not that field.
    std::optional<std::string> cluster_name = "practicus";
    /// `REGION_NAME`, likewise.
    std::optional<std::string> region_name = "mock";

    /// How long refresh tokens live that are issued from now on. Default: 90 days.
    std::chrono::seconds refresh_lifetime = std::chrono::hours(24 * 90);
    /// The same of access tokens. Default: 30 minutes.
    std::chrono::seconds access_lifetime = std::chrono::minutes(30);
    /// The same of session tokens, of models and of apps. Default: 4 hours.
    std::chrono::seconds session_lifetime = std::chrono::hours(4);
    /// What happens to a refresh token that was used.
    mock::rotation rotation = mock::rotation::none;
    /// What tokens look like.
    token_shape tokens = token_shape::jwt;
    /// Called with the claims of every new JWT, to spoil them: what a client reads in a token changes, not
    /// what the region knows of it. It must not call the region.
    std::function<void(token_type, boost::json::object&)> alter_claims;

    /// A login answers `username`. The vendor's SDK needs this and the next.
    bool username_at_login = true;
    /// A refresh answers `username`.
    bool username_at_refresh = true;
    /// Tokens hold `username`. The claims `sub` and `user_id` stay; see `alter_claims`.
    bool username_in_tokens = true;
    /// The claim `user_id` is a text, not a number.
    bool user_ids_as_text = false;
    /// What only the vendor's SDK sends (form bodies where JSON is documented, a refresh token at a model's
    /// url) is a violation.
    bool documented_forms_only = false;

    /// Where the time comes from: `Date`, `iat`, `exp`, and whether a token is expired. Empty: the system's
    /// clock. It must not call the region.
    std::function<time_point()> clock;
};

/// A Practicus AI region without a network: users, models, apps and tokens, and what it answers to a request.
///
/// It is strict. What a client should never send (a wrong method, a missing or foreign token type, a content
/// type out of place, an unknown field, a query that means nothing...) is answered as the real console's
/// frameworks would, and noted in `violations()` as well. A wrong password, or a token that is expired,
/// revoked or unknown, is answered with an error but is no violation: that happens to good clients. A field
/// of a body that the region does not know is refused, as strict serializers do.
///
/// Thread safety: every member may be called from any thread. Setters apply from the next request on.
class region
{
public:
    /// A time of the region's clock.
    using time_point = region_settings::time_point;

    region() = default;
    region(region const&) = delete;
    region& operator=(region const&) = delete;

    /// Changes how the region behaves, from the next request on.
    region& configure(std::function<void(region_settings&)> const& change);

    // What is there.

    /// Who may log in.
    region& add(user u);
    /// A model, listed and served.
    region& add(model m);
    /// An app, listed and served.
    region& add(app a);

    /// An add-on, listed; tokens for it are issued.
    region& add(addon a);

    /// A content encoding for predictions, or another in place of one with this name. A server's region
    /// begins with `zlib_codecs()`, another with none.
    region& add(codec c);
    /// Lists a group of models; a model may have a prefix that is not listed.
    region& add_model_prefix(prefix p);
    /// Lists a group of apps.
    region& add_app_prefix(prefix p);
    /// Lists a deployment.
    region& add_model_deployment(deployment d);
    /// Takes a model away: its urls answer 404.
    region& remove_model(std::int64_t id);
    /// Takes an app away, likewise.
    region& remove_app(std::int64_t id);

    /// A user `admin@company.com` with the password `practicus`, three model prefixes, models with and
    /// without versions (`models/practicus/diamond-price` has the id 42), deployments and apps.
    region& add_demo();

    /// The service url's own path, `/` by default.
    region& base_path(std::string_view path);

    /// This user's next login needs this one-time password; each is good for one login.
    region& one_time_password(std::string_view email, std::string_view value);

    // Tokens and time.

    /// Moves the clock on, or back: tokens expire, or the region's clock is wrong.
    region& advance(std::chrono::seconds by);
    /// What its clock shows.
    time_point now() const;

    /// A token as the region would issue it. `subject` is the model's or the app's id.
    std::string issue(token_type type, std::string_view email, std::int64_t subject = 0);

    /// Refuses every token of this type that was issued up to now.
    region& revoke(token_type type);

    /// Refuses this token.
    region& revoke_token(std::string_view token);

    /// Answers 403 on this route (a key as in `count`), or no longer.
    region& forbid(std::string_view route, bool on = true);

    // Requests.

    /// Answers a request, as the server does; no network is needed.
    response handle(request const& r);

    /// Counts a request that something else answers, and checks its framing, unless its body was not read.
    void record(request const& r, bool whole = true);

    /// Notes a violation that something else found.
    void add_violation(std::string what);

    /// How many requests came by a route. The keys: the method and the console's path, such as `POST auth/`,
    /// `POST auth/refresh/`, `GET modelhost/models/`, `GET modelhost/model-auth/`; `GET model-meta`, `POST
    /// predict`, `GET predict`, `GET app-meta` for the services; `other` for all the rest.
    std::uint64_t count(std::string_view route) const;
    std::uint64_t count() const;

    /// How many answers of this status there were, those of `record` not counted.
    std::uint64_t count_status(unsigned status) const;
    /// All routes that came, with their numbers.
    std::map<std::string, std::uint64_t, std::less<>> counts() const;
    /// Forgets the numbers of requests and of statuses.
    void reset_counts();

    /// What clients sent that they should not, oldest first, at most 1,000; free of secrets.
    std::vector<std::string> violations() const;
    /// Forgets them.
    void clear_violations();

private:
    /// Which bodies a console's path takes.
    enum class takes
    {
        nothing,
        json_or_form,
        form ///< The only form that is known.
    };

    /// A request on its way through the region.
    struct call
    {
        explicit call(request const& sent) : r(sent) {}

        request const& r;
        /// The path without the region's base path and without its first slash.
        std::string_view path;
        detail::body_fields body;
        takes body_form = takes::nothing;
        /// Answers in place of the region, once its mutex is free.
        std::function<response()> later;
    };

    /// A console's path.
    struct endpoint;

    /// What a path outside the console leads to.
    struct target
    {
        std::shared_ptr<model const> hosted_model;
        std::shared_ptr<app const> hosted_app;
        /// An app's api, not its page.
        bool api = false;
        std::string tag;
        /// The path behind it.
        std::string rest;
        /// There is none, and no slash at the end either.
        bool open = false;
    };

    static std::array<endpoint, 12> const& endpoints();

    response answer(call& c);
    std::string key_of(request const& r) const;
    void violate(call const& c, std::string_view what);
    void check_framing(call const& c);

    void encode_console(request const& r, response& result) const;
    response console(call& c);
    response login(call& c);
    response refresh(call& c);
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
    response model_call(call& c, std::shared_ptr<model const> const& m, version const& v,
                        std::string_view path);
    bool comes_from_sdk(call const& c);
    static response predict(request const& sent, model const& m, codec const* coding);
    response model_metadata(call& c, model const& m, version const& v);
    response app_call(call& c, app const& a, std::string_view path);
    response app_endpoint(call& c, app const& a);
    bool has_session_of(call& c, token_type type, detail::hosted const& owner, response& refusal);

    detail::token_record const* bearer(call& c, std::initializer_list<token_type> accepted,
                                       response& refusal);
    /// Notes it, and answers 400.
    response refuse_call(call const& c, std::string_view what);
    bool read_body(call& c, std::initializer_list<std::string_view> allowed, response& refusal);
    bool read_texts(call& c, std::initializer_list<std::string_view> required, response& refusal);
    template <class List>
    response listing(call& c, List const& items);
    template <class List>
    response session_call(call& c, std::string_view id_field, token_type type, List const& known);
    std::string issue_locked(token_type type, std::string const& email, std::int64_t subject, bool upload,
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
