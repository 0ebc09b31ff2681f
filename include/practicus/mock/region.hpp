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
    using time_point = std::chrono::system_clock::time_point;
    /// Tells the time.
    using clock_function = std::function<time_point()>;
    /// Changes the claims of a token that is being issued: `void(token_type, boost::json::object&)`.
    using claims_hook = detail::token_mint::claims_hook;

    region() = default;
    region(region const&) = delete;
    region& operator=(region const&) = delete;

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
    /// Encodes the console's answers by the codec of this name for clients that accept it; empty: none, the
    /// default.
    region& console_encoding(std::string_view name);
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

    /// What `central/clusterdefinition/` answers; `std::nullopt`: not that field.
    region& cluster(std::optional<std::string> name, std::optional<std::string> region_name);

    /// The service url's own path, `/` by default.
    region& base_path(std::string_view path);

    /// This user's next login needs this one-time password; each is good for one login.
    region& one_time_password(std::string_view email, std::string_view value);

    // Tokens and time.

    /// How long refresh tokens live from now on. Defaults: 90 days; access tokens 30 minutes; session tokens,
    /// of models and of apps, 4 hours.
    region& refresh_lifetime(std::chrono::seconds value);
    /// As `refresh_lifetime`, of access tokens.
    region& access_lifetime(std::chrono::seconds value);
    /// As `refresh_lifetime`, of session tokens.
    region& session_lifetime(std::chrono::seconds value);

    /// Default: `rotation::none`.
    region& rotate(rotation value);

    /// Default: `token_shape::jwt`.
    region& tokens(token_shape value);

    /// Called with the claims of every new JWT, to spoil them: what a client reads in a token changes, not
    /// what the region knows of it. It must not call the region.
    region& alter_claims(claims_hook hook);

    /// Whether logins and refreshes answer `username`. Default: both; the vendor's SDK needs both.
    region& answer_username(bool at_login, bool at_refresh = false);

    /// The region names no users: there is no `username` in its answers, nor in its tokens. The claims `sub`
    /// and `user_id` stay; see `alter_claims`.
    region& name_no_users();

    /// Whether the claim `user_id` is a text. Default: no, it is a number.
    region& user_ids_as_text(bool on = true);

    /// Where the time comes from: `Date`, `iat`, `exp`, and whether a token is expired. Default: the system's
    /// clock. It must not call the region.
    region& clock(clock_function now);

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

    /// Whether what only the vendor's SDK sends (form bodies where JSON is documented, a refresh token at a
    /// model's url) is a violation. Default: no.
    region& documented_forms_only(bool on = true);

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
    time_point now_locked() const { return (clock_ ? clock_() : std::chrono::system_clock::now()) + offset_; }
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
    std::string console_encoding_;
    std::optional<std::string> cluster_name_ = "practicus";
    std::optional<std::string> region_name_ = "mock";
    std::string base_ = "/";

    detail::token_mint mint_;
    std::chrono::seconds refresh_lifetime_ = std::chrono::hours(24 * 90);
    std::chrono::seconds access_lifetime_ = std::chrono::minutes(30);
    std::chrono::seconds session_lifetime_ = std::chrono::hours(4);
    rotation rotation_ = rotation::none;
    bool username_at_login_ = true;
    bool username_at_refresh_ = true;
    bool username_in_tokens_ = true;
    bool user_ids_are_texts_ = false;
    bool documented_only_ = false;
    clock_function clock_;
    std::chrono::seconds offset_{0};

    std::set<std::string, std::less<>> forbidden_;
    std::map<std::string, std::uint64_t, std::less<>> counts_;
    std::map<unsigned, std::uint64_t> statuses_;
    std::uint64_t total_ = 0;
    std::vector<std::string> violations_;
};

}}} // namespace practicus::v1::mock
