// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/pool/transport.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/session_state.hpp>
#include <practicus/detail/tokens/shared_store.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/token_cache.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/http_date.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The shared state of a client: who it is, and how its requests go out. Access tokens are fetched once for
/// all who wait for one. Thread safety: full.
class session : public std::enable_shared_from_this<session>
{
public:
    session(std::shared_ptr<runtime> home, service_url service, client_options options)
        : state_(options.credentials()), access_(given_access(options.credentials())),
          access_flights_(home, mutex_), models_(home), apps_(home), addons_(home, true),
          // logout() must find every copy of a password.
          transport_(std::move(home), std::move(service), std::move(options.without_credentials())),
          store_(transport_.home(), transport_.options().store(), transport_.told(),
                 transport_.options().timeouts().operation())
    {
        if (!store_.is_open()) return;
        // Another process may log in.
        access_flights_.on_landed = [this](auto const& e, flight_end const&) {
            e->state.replay_until(this->home()->time().now() + replay_time(this->home()->random().next()));
        };
    }

    std::shared_ptr<runtime> const& home() const noexcept { return transport_.home(); }
    service_url const& service() const noexcept { return transport_.service(); }
    limit_options const& limits() const noexcept { return transport_.options().limits(); }

    operation begin(std::shared_ptr<call_options const> with = nullptr) const
    {
        return transport_.begin(std::move(with));
    }

    /// A prediction's: without a limit, unless the call has one.
    operation begin_unlimited(std::shared_ptr<call_options const> with) const
    {
        return transport_.begin(std::move(with), std::chrono::milliseconds(0));
    }

    /// A flight's: with the trust of the call that caused it, and limits of its own.
    operation begin_shared(std::shared_ptr<call_options const> with) const
    {
        auto op = transport_.begin(nullptr);
        op.with = std::move(with);
        op.shared = true;
        return op;
    }

    /// Throws `errc::untrusted_origin`.
    void check_trusted(operation const& op, request const& r) const { transport_.check_trusted(op, r); }

    /// Ends all operations with `errc::client_closed`. Any thread.
    void close() noexcept { transport_.close(); }
    void close_idle() const noexcept { transport_.close_idle(); }

    client_stats stats()
    {
        auto result = transport_.stats();
        {
            std::lock_guard lock(mutex_);
            result.access_tokens = access_flights_.counts();
            accumulate(result.access_tokens, access_->state, home()->time().now());
        }
        result.session_tokens = models_.token_stats();
        result.app_tokens = apps_.token_stats();
        result.addon_tokens = addons_.token_stats();
        result.ids = models_.id_stats();
        add(result.ids, apps_.id_stats());
        return result;
    }

    token_cache& models() noexcept { return models_; }
    token_cache& apps() noexcept { return apps_; }
    token_cache& addons() noexcept { return addons_; }
    detail::transport& transport() noexcept { return transport_; }

    /// For people; what is stored is the user's by `session_state::whose`.
    std::string username() const
    {
        std::lock_guard lock(mutex_);
        return state_.username();
    }

    /// Forgets every token and password, and voids what is being fetched: callers who wait are told so.
    void logout()
    {
        ended_flights ended;
        {
            std::lock_guard lock(mutex_);
            ++logouts_;
            state_.forget();
            access_flights_.credentials_changed(*access_, false, false, ended);
        }
        caches_changed(false, false);
        ended.fail(fixed_error<errc::login_required>());
        if (store_.is_open()) home()->spawn([self = shared_from_this()] { return self->store_login(); });
    }

    /// Remembered by the store, if there is one, when the region has taken them.
    asio::awaitable<void> login(operation op, credentials who)
    {
        if (who.type() != credentials::kind::password) {
            replace(who);
            // Proves the token now, and not at some later call.
            if (who.type() == credentials::kind::refresh_token) co_await access(op, true);
            co_return;
        }
        auto const began = moment();
        auto const r = console_api::login(service(), who, limits().console_body());
        auto const logouts = count_logouts();
        response answer;
        token const none;
        co_await transport_.send(op, r, none, answer);
        auto const tokens = read_answer(op, r, answer, console_api::read_login);
        auto const life = life_of(tokens, answer, began);
        if (life.has_ended(home()->time().now()))
            explain(op, r, answer, [] { throw error(errc::expired_token); });
        // Whoever waits for a token is woken when `on_tokens` has been told, or is left alone with it.
        auto adopted = adopt_login(std::move(who), tokens, life, began, logouts);
        served_later const others{std::move(adopted.waiters), tokens.access};
        co_await tell_tokens(tokens.access);
        fetch_result<token> got;
        got.value = tokens.access;
        got.life = life;
        if (store_.is_open()) co_await keep_login(got, adopted.generation);
    }

    /// A new access token; until it is there, the old one stays in use.
    asio::awaitable<void> refresh(operation op) { co_await access(op, true); }

    /// Sends a request with the access token; renews it once if the region refuses it. Throws unless the
    /// answer is a success. With a flow, its body goes through that.
    asio::awaitable<void> call(operation& op, request const& r, response& answer,
                               body_pipeline* flow = nullptr)
    {
        op.retries.next_request();
        token bearer;
        if (r.authorized == authorization::access) {
            auto const a = ask_access(op, false);
            bearer = a.served();
            if (!bearer) bearer = co_await flight<token>::join(a.joined, home()->limits(), op.deadline);
        }
        co_await transport_.send(op, r, bearer, answer, flow);
        if (op.renew) {
            refuse_access(bearer, failure_of(op, r, answer));
            bearer = co_await access(op, false);
            co_await transport_.send(op, r, bearer, answer, flow);
            if (answer.status == 401) refuse_access(bearer, failure_of(op, r, answer));
        }
        if (!is_success(answer.status)) fail(op, r, answer);
        mark_accepted(bearer);
    }

    /// Calls `read(body)`, and gives its errors the request's name.
    template <class Read>
    std::invoke_result_t<Read, std::string_view> read_answer(operation const& op, request const& r,
                                                             response const& answer, Read read) const
    {
        if (!is_success(answer.status)) fail(op, r, answer);
        return explain(op, r, answer, [&] { return read(answer.body); });
    }

    /// Adds to an error what was asked and answered.
    template <class F>
    std::invoke_result_t<F> explain(operation const& op, request const& r, response const& answer, F f) const
    {
        try {
            return f();
        } catch (error const& e) {
            auto info = e.info();
            info.status = answer.status;
            if (e.code() == errc::not_json) describe_other_than_json(info, answer);
            throw error(transport_.with_request(std::move(info), r, op));
        }
    }

    /// From the store, if there is one and another process of the same user has left something that
    /// `is_right`; else by `fetch`.
    asio::awaitable<fetch_result<token>> shared(std::string key, freshness_limits limits,
                                                token rejected_value,
                                                std::function<bool(token const&)> is_right,
                                                operation_body<fetch_result<token>> fetch)
    {
        if (!uses_store()) co_return co_await fetch();
        auto const op = begin();
        co_await access(op, false);
        // Once: what ends after another login is not that one's.
        auto const whose = this_user();
        auto const place = user_key(key, whose);
        if (place.empty()) co_return co_await fetch();
        std::function<bool(store_record const&)> const accept = [&](store_record const& kept) {
            return is_right(kept.value);
        };
        std::function<bool()> const is_stale = [this, whose] { return !is_current(whose.generation); };
        shared_store::keeper const keep = [&](fetch_result<token> const& got) {
            return store_.save_unless(is_stale, place, got);
        };
        co_return co_await store_.find_or_fetch(place, limits, std::move(rejected_value), accept, fetch,
                                                keep);
    }

    /// May others have fetched what this one needs?
    bool uses_store() const
    {
        if (!store_.is_open()) return false;
        std::lock_guard lock(mutex_);
        return state_.shares();
    }

    /// What was stored under the key is wrong.
    asio::awaitable<void> unshare(std::string key)
    {
        if (!uses_store()) co_return;
        if (auto const place = user_key(key, this_user()); !place.empty()) co_await store_.remove(place);
    }

    /// Tells the observer of a fetch.
    template <class T>
    asio::awaitable<T> observed(std::string_view kind, operation_body<T> fetch) const
    {
        if (!transport_.told()) co_return co_await fetch();
        events::token_fetched e;
        e.kind = kind;
        auto const begin = home()->time().precise_now();
        T result;
        std::shared_ptr<error_info const> failure;
        try {
            result = co_await fetch();
        } catch (...) {
            failure = current_error_info();
            e.error = failure->code;
        }
        e.took = home()->time().precise_now() - begin;
        transport_.told()(e);
        if (failure) throw error(std::move(failure));
        co_return result;
    }

    /// Throws what an unsuccessful answer is.
    [[noreturn]] void fail(operation const& op, request const& r, response const& answer) const
    {
        throw error(failure_of(op, r, answer));
    }

private:
    error_info failure_of(operation const& op, request const& r, response const& answer) const
    {
        auto info = info_of(r, answer);
        info.retry_after = parse_retry_after(answer.retry_after, answer.date);
        return transport_.with_request(std::move(info), r, op);
    }

    /// When a request was sent, by both clocks.
    struct sent_at
    {
        time_point here;
        stored_time for_others;
    };

    sent_at moment() const { return {home()->time().now(), stored_now(home()->time())}; }

    std::uint64_t count_logouts() const
    {
        std::lock_guard lock(mutex_);
        return logouts_;
    }

    /// Issued at an unknown time, perhaps by another clock: only the region can say when it ends.
    static std::shared_ptr<single_entry<token>> given_access(std::optional<credentials> const& who)
    {
        auto const result = std::make_shared<single_entry<token>>();
        if (who && who->type() == credentials::kind::access_token)
            result->state.put(token(who->value()), lifespan::unlimited());
        return result;
    }

    /// From now on these credentials. Callers who wait for a token go on waiting, for one by these.
    void replace(credentials const& who)
    {
        bool const is_given = who.type() == credentials::kind::access_token;
        token const given = is_given ? token(who.value()) : token();
        ended_flights ended;
        flight_ticket again = 0;
        std::shared_ptr<flight<token>> served;
        {
            std::lock_guard lock(mutex_);
            state_.replace(who, stored_now(home()->time()));
            if (is_given) served = access_flights_.take_waiters(*access_);
            again = access_flights_.credentials_changed(*access_, false, !is_given, ended);
            if (is_given) access_->state.put(given, lifespan::unlimited());
        }
        if (served) served->succeed(given);
        ended.fail(fixed_error<errc::login_required>());
        access_flights_.restart(access_, again);
        caches_changed(false, true);
    }

    struct served_later
    {
        std::shared_ptr<flight<token>> waiters;
        token value;

        ~served_later()
        {
            if (waiters) waiters->succeed(std::move(value));
        }
    };

    struct adopted_login
    {
        /// Who waits for an access token.
        std::shared_ptr<flight<token>> waiters;
        std::uint64_t generation = 0;
    };

    /// What an explicit login brought. Throws if somebody has logged out meanwhile.
    adopted_login adopt_login(credentials who, console_api::new_tokens const& tokens, lifespan const& life,
                              sent_at const& began, std::uint64_t logouts)
    {
        bool same_user = false;
        adopted_login result;
        {
            std::lock_guard lock(mutex_);
            if (logouts != logouts_) throw error(errc::login_required, "logged out meanwhile");
            auto next = state_;
            next.replace(std::move(who), began.for_others);
            next.adopt(tokens, began.for_others, next.generation());
            same_user = are_same(state_.user(), next.user());
            state_ = std::move(next);
            result.generation = state_.generation();
            result.waiters = access_flights_.take_waiters(*access_);
            access_->state.credentials_changed(false, false);
            access_->state.put(tokens.access, life);
        }
        caches_changed(same_user, true);
        return result;
    }

    /// Tells the callback of what the region issued, for 5 s at most; what it does wrong is its own affair.
    asio::awaitable<void> tell_tokens(token access)
    {
        auto const& told = transport_.options().on_tokens();
        if (!told) co_return;
        operation_body<void> body;
        {
            std::lock_guard lock(mutex_);
            issued_tokens news(std::move(access), state_.refresh(), state_.username(), state_.user().email);
            set_lineage(news, std::make_shared<refresh_lineage const>(state_.lineage()));
            body = [told, given = std::move(news)] { return told(given); };
        }
        std::shared_ptr<error_info const> failure;
        auto const end = home()->time().now() + callback_limit;
        try {
            co_await run_on_client_executor<void>(home(), body, end);
        } catch (...) {
            failure = current_error_info();
        }
        if (failure) transport_.told()(events::tokens_not_taken{failure->code, failure->message});
    }

    void caches_changed(bool keep, bool again) noexcept
    {
        models_.credentials_changed(keep, again);
        apps_.credentials_changed(keep, again);
        addons_.credentials_changed(keep, again);
    }

    lifespan life_of(console_api::new_tokens const& tokens, response const& answer,
                     sent_at const& began) const
    {
        auto const here = std::chrono::floor<std::chrono::seconds>(began.for_others);
        return {began.here, remaining_life(tokens.access.claims(), parse_http_date(answer.date), here),
                access_token_limits, home()->random().next()};
    }

    void refuse_access(token const& used, error_info why)
    {
        auto const reason = std::make_shared<error_info const>(std::move(why));
        std::lock_guard lock(mutex_);
        auto& state = access_->state;
        state.refused(used, was_accepted(state.value()), reason, home()->time().now(),
                      home()->random().next());
    }

    /// An access token, or what to wait for; starts what is to be started. `renew`: another one than there
    /// is.
    asked<token> ask_access(operation const& op, bool renew)
    {
        auto const now = home()->time().now();
        return access_flights_.ask(
            [&] { return access_; },
            [&](auto& state) { return renew ? state.renew(now) : state.ask(now, op.validity()); },
            [this] {
                return flight_work<token>(
                    [self = shared_from_this()](flight_ticket ticket, token rejected_value) {
                        return self->shared_access(ticket, std::move(rejected_value));
                    });
            });
    }

    asio::awaitable<token> access(operation const& op, bool renew)
    {
        auto const a = ask_access(op, renew);
        auto result = a.served();
        if (!result) result = co_await flight<token>::join(a.joined, home()->limits(), op.deadline);
        co_return result;
    }

    /// From the store, if there is one and another process has been here; else from the region.
    asio::awaitable<fetch_result<token>> shared_access(flight_ticket ticket, token rejected_value)
    {
        operation_body<fetch_result<token>> const fetch = [self = shared_from_this(), ticket] {
            return self->fetch_access(ticket);
        };
        operation_body<fetch_result<token>> const told = [&] { return observed("access", fetch); };
        if (!uses_store()) co_return co_await told();
        std::function<bool(store_record const&)> const accept = [&](store_record const& kept) {
            return adopt_stored(kept, ticket);
        };
        auto const generation = generation_of(ticket);
        shared_store::keeper const keep = [&](fetch_result<token> const& got) {
            return keep_login(got, generation);
        };
        co_return co_await store_.find_or_fetch(login_key(), access_token_limits, std::move(rejected_value),
                                                accept, told, keep);
    }

    /// Whose login it is that now is.
    struct login_owner
    {
        std::string user;
        std::uint64_t generation = 0;
    };

    login_owner this_user() const
    {
        std::lock_guard lock(mutex_);
        return {state_.whose(), state_.generation()};
    }

    bool is_current(std::uint64_t generation) const
    {
        std::lock_guard lock(mutex_);
        return state_.generation() == generation;
    }

    /// Empty where nothing is known of the user. A digest: what a region calls a user may be any text.
    std::string user_key(std::string const& key, login_owner const& whose) const
    {
        if (whose.user.empty()) return {};
        return key + " of user " + sha256_hex(whose.user) + " in " + std::string(service().str());
    }

    std::string login_key() const { return std::string(detail::login_key) + std::string(service().str()); }

    std::uint64_t generation_of(flight_ticket ticket) const
    {
        std::lock_guard lock(mutex_);
        if (!access_->state.is_current(ticket)) throw_aborted();
        return state_.generation();
    }

    /// Stores a login's access token, unless another login or a logout has followed.
    asio::awaitable<void> keep_login(fetch_result<token> got, std::uint64_t generation)
    {
        auto v = store_.as_stored(got);
        {
            std::lock_guard lock(mutex_);
            if (!state_.annotate(v, generation)) co_return;
        }
        co_await store_.save(login_key(), v);
        // It may have taken the place of the one that followed.
        if (!is_current(generation)) co_await store_login();
    }

    /// Stores the login that is now, or that there is none.
    asio::awaitable<void> store_login()
    {
        std::uint64_t stored = 0;
        do {
            auto const now = present_login();
            if (now.value)
                co_await store_.save(login_key(), *now.value);
            else
                co_await store_.remove(login_key());
            stored = now.generation;
        } while (!is_current(stored));
    }

    struct present
    {
        std::optional<store_record> value;
        std::uint64_t generation = 0;
    };

    /// None while it has no access token, or another one is on its way, which is stored when it has come.
    present present_login() const
    {
        std::lock_guard lock(mutex_);
        present result;
        result.generation = state_.generation();
        auto const& access = access_->state;
        if (!state_.shares() || !access.value() || access.in_flight()) return result;
        fetch_result<token> got;
        got.value = access.value();
        got.life = access.life();
        auto v = store_.as_stored(got);
        if (state_.annotate(v, result.generation)) result.value = std::move(v);
        return result;
    }

    bool adopt_stored(store_record const& kept, flight_ticket ticket)
    {
        std::lock_guard lock(mutex_);
        if (!access_->state.is_current(ticket)) throw_aborted();
        return state_.adopt_stored(kept);
    }

    /// A refresh token, then the password if the region refuses that and it was kept.
    asio::awaitable<fetch_result<token>> fetch_access(flight_ticket ticket)
    {
        auto op = begin();
        std::shared_ptr<error_info const> refused;
        while (true) {
            session_state state;
            {
                std::lock_guard lock(mutex_);
                // Somebody has logged in or out: nobody waits for this any more.
                if (!access_->state.is_current(ticket)) throw_aborted();
                state = state_;
            }
            auto const source = state.fetch();
            if (source == session_state::source::none) break;
            bool const by_password = source == session_state::source::password;
            auto r = by_password
                         ? console_api::login(service(), *state.held(), limits().console_body())
                         : console_api::refresh(service(), state.refresh().reveal(), limits().console_body());
            r.rotating_refresh = r.rotating_refresh && rotates_;
            auto const began = moment();
            one_use const once{this, op, state, by_password};
            response answer;
            co_await transport_.send(op, r, state.refresh(), answer);
            bool const is_final = is_refused(answer);
            bool const challenged = by_password && is_challenge(answer.status, read_error_body(answer.body));
            if (is_final || challenged) forget_refused(state, by_password, challenged);
            if (is_final && !by_password) {
                refused = refusal(op, r, answer);
                continue;
            }
            auto const tokens =
                read_answer(op, r, answer, by_password ? console_api::read_login : console_api::read_refresh);
            if (!by_password) rotates_ = !tokens.refresh.empty();
            auto const life = life_of(tokens, answer, began);
            {
                std::lock_guard lock(mutex_);
                if (!state_.adopt(tokens, began.for_others, state.generation())) throw_aborted();
            }
            if (life.has_ended(home()->time().now()))
                explain(op, r, answer, [] { throw error(errc::expired_token); });
            fetch_result<token> result;
            result.value = tokens.access;
            result.life = life;
            co_await tell_tokens(tokens.access);
            co_return result;
        }
        if (refused) throw error(refused);
        throw error(was_challenged() ? errc::one_time_password_required : errc::login_required);
    }

    bool was_challenged() const
    {
        std::lock_guard lock(mutex_);
        return state_.was_challenged();
    }

    void forget_refused(session_state const& sent, bool by_password, bool challenged)
    {
        std::lock_guard lock(mutex_);
        if (by_password)
            state_.refuse_password(sent.generation(), challenged);
        else
            state_.refuse(sent.refresh());
    }

    /// A one-time password that may have reached the region is not sent again.
    struct one_use
    {
        session* self;
        operation const& op;
        session_state const& sent;
        bool by_password;

        ~one_use()
        {
            if (!by_password || !op.written || !sent.held()->one_time_password()) return;
            std::lock_guard lock(self->mutex_);
            self->state_.refuse_password(sent.generation());
        }
    };

    std::shared_ptr<error_info const> refusal(operation const& op, request const& r,
                                              response const& answer) const
    {
        auto info = info_of(answer, read_error_body(answer.body));
        info.code = errc::login_required;
        info.message = "the region refused the refresh token";
        return std::make_shared<error_info const>(transport_.with_request(std::move(info), r, op));
    }

    static constexpr std::chrono::seconds callback_limit{5};

    mutable std::mutex mutex_;
    session_state state_;
    std::uint64_t logouts_ = 0;
    std::shared_ptr<single_entry<token>> access_;
    flight_driver<single_entry<token>, token> access_flights_;
    token_cache models_;
    token_cache apps_;
    token_cache addons_;
    // Does the region replace a refresh token that is used? Until it has shown that it does not.
    std::atomic<bool> rotates_{true};
    detail::transport transport_;
    shared_store store_;
};

}}} // namespace practicus::v1::detail
