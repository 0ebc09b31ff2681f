// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/credentials.hpp>
#include <practicus/detail/async/flight.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/fixed_error.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/base/sha256.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/tokens/console.hpp>
#include <practicus/detail/tokens/current_login.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/session_state.hpp>
#include <practicus/detail/tokens/shared_store.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/error_body.hpp>
#include <practicus/detail/wire/http_date.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>
#include <practicus/observer.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>

#include <boost/asio/awaitable.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The access token of a client. It is fetched once for all callers, renewed, shared with other processes by
/// a store, and sent with calls of the console. Thread safety: full.
class access_tokens
{
public:
    access_tokens(session_owner& owner, detail::console const& region, std::optional<credentials> const& user,
                  current_login::change_listener on_change)
        : owner_(owner), console_(region), transport_(region.transport()),
          login_(transport_.runtime(), user, std::move(on_change)),
          store_(transport_.runtime(), transport_.options().store, transport_.observer(),
                 transport_.options().timeouts.operation)
    {
        if (store_.is_open()) login_.limit_replays();
    }
    access_tokens(access_tokens const&) = delete;
    access_tokens& operator=(access_tokens const&) = delete;

    detail::console const& console() const noexcept { return console_; }
    current_login& current() noexcept { return login_; }

    /// Returns true if a store is in use and other processes may have tokens of this login.
    bool uses_store() const { return store_.is_open() && login_.state().shares(); }

    /// If it throws, nothing has changed. Later errors of the store are reported to the observer.
    void logout()
    {
        login_.logout([this] {
            if (!store_.is_open()) return;
            transport_.runtime()->spawn([self = self()] { return store_login_of(self); },
                                        [self = self()](std::exception_ptr const& thrown) {
                                            if (thrown) self->report_store(thrown);
                                        });
        });
    }

    /// Logs in. The store keeps the login once the region has accepted it.
    asio::awaitable<failure> login(operation op, credentials user)
    {
        if (user.type() != credentials::kind::password) {
            login_.replace(user);
            // Validates the token now, not in a later call.
            if (user.type() != credentials::kind::refresh_token) co_return nullptr;
            auto const proven = co_await access(op, true);
            co_return proven ? nullptr : proven.error();
        }
        auto const began = time().now();
        auto const began_at = stored_now(time());
        auto const r = console_api::login(transport_.service(), user, body_limit());
        auto const logouts = login_.logouts();
        response answer;
        token const none;
        if (auto failed = co_await transport_.send(op, r, none, answer)) co_return failed;
        auto const read = console_.read_answer(op, r, answer, console_api::read_login);
        if (!read) co_return read.error();
        auto const& tokens = *read;
        auto const life = life_of(tokens, answer, began, began_at);
        if (auto expired = console_.failure_of_life(op, r, answer, life)) co_return expired;
        // From here on a cancellation ends only the wait.
        operation_body<result<nothing>> const adopt = [self = self(), user = std::move(user), tokens, life,
                                                       began_at, logouts] {
            return self->adopt(tokens.access, life, [=] {
                return self->login_.adopt_login(user, tokens, life, began_at, logouts);
            });
        };
        auto adopting = run_to_end<nothing>(transport_.runtime(), adopt);
        auto const adopted = co_await std::move(adopting);
        co_return adopted ? nullptr : adopted.error();
    }

    /// Returns an access token. With `renew`, fetches another than the present one, which stays in use
    /// meanwhile.
    asio::awaitable<result<token>> access(operation const& op, bool renew)
    {
        return wait_for(ask(op, renew), transport_.runtime()->limits(), op.deadline);
    }

    /// Sends a request with the access token; renews the token once if the region refuses it. Fails unless
    /// the response is a success. With a flow, the body is processed by it.
    asio::awaitable<failure> call(operation& op, request const& r, response& answer,
                                  body_pipeline* flow = nullptr)
    {
        op.retries.next_request();
        token bearer;
        if (r.authorized == authorization::access) {
            auto asked = ask(op, false);
            bearer = std::move(asked.value);
            if (!bearer) {
                auto const got =
                    co_await wait_for(std::move(asked), transport_.runtime()->limits(), op.deadline);
                if (!got) co_return got.error();
                bearer = *got;
            }
        }
        if (auto failed = co_await transport_.send(op, r, bearer, answer, flow)) co_return failed;
        if (op.renew) {
            login_.refuse_access(bearer, console_.failure_of(op, r, answer));
            auto const renewed = co_await access(op, false);
            if (!renewed) co_return renewed.error();
            bearer = *renewed;
            if (auto failed = co_await transport_.send(op, r, bearer, answer, flow)) co_return failed;
            if (answer.status == 401) login_.refuse_access(bearer, console_.failure_of(op, r, answer));
        }
        if (!is_success(answer.status)) co_return console_.failure_of(op, r, answer);
        mark_accepted(bearer);
        co_return nullptr;
    }

    /// Returns a value of the present user. It comes from the store if that is in use and has a value that
    /// `is_right`; otherwise from `fetch`.
    asio::awaitable<result<fetch_result<token>>>
    find_or_fetch(std::string key, freshness_limits limits, token rejected_value,
                  std::function<bool(token const&)> is_right,
                  operation_body<result<fetch_result<token>>> fetch)
    {
        if (!uses_store()) co_return co_await fetch();
        auto const op = transport_.begin(nullptr);
        auto const proven = co_await access(op, false);
        if (!proven) co_return proven.error();
        // Read once: the result must not be stored for a later login.
        auto const login = login_.state();
        auto const place = user_key(key, login.store_identity());
        if (place.empty()) co_return co_await fetch();
        std::function<bool(store_record const&)> const accept = [&](store_record const& kept) {
            return is_right(kept.value);
        };
        std::function<bool()> const is_stale = [this, generation = login.generation()] {
            return !login_.is_current(generation);
        };
        operation_body<result<fetch_result<token>>> const fetch_and_save =
            [&]() -> asio::awaitable<result<fetch_result<token>>> {
            auto got = co_await fetch();
            if (got) co_await store_.save_unless(is_stale, place, *got);
            co_return got;
        };
        co_return co_await store_.find_or_fetch(place, limits, std::move(rejected_value), accept,
                                                fetch_and_save);
    }

    /// Removes a wrong value of the present user from the store.
    asio::awaitable<void> remove(std::string key)
    {
        if (!uses_store()) co_return;
        auto const place = user_key(key, login_.state().store_identity());
        if (!place.empty()) co_await store_.remove(place);
    }

private:
    struct served_later
    {
        std::shared_ptr<flight<token>> waiters;
        token value;

        ~served_later()
        {
            if (waiters) waiters->succeed(std::move(value));
        }
    };

    /// A one-time password that may have reached the region is not sent again.
    struct one_use
    {
        current_login& login;
        operation const& op;
        session_state const& sent;
        bool by_password;

        ~one_use()
        {
            if (by_password && op.written && sent.held()->one_time_password()) login.refuse_password(sent);
        }
    };

    clock& time() const noexcept { return transport_.runtime()->time(); }
    std::size_t body_limit() const { return transport_.options().limits.console_body; }
    std::shared_ptr<access_tokens> self() { return {owner_.shared_from_this(), this}; }

    lifespan life_of(console_api::new_tokens const& tokens, response const& answer, time_point began,
                     stored_time began_at) const
    {
        auto const here = std::chrono::floor<std::chrono::seconds>(began_at);
        return {began, remaining_life(tokens.access.claims(), parse_http_date(answer.date), here),
                access_token_limits, transport_.runtime()->random().next()};
    }

    lookup<token> ask(operation const& op, bool renew)
    {
        return login_.ask(op, renew, [this] {
            return flight_work<token>([self = self()](flight_ticket ticket, token rejected_value) {
                return self->shared_access(ticket, std::move(rejected_value));
            });
        });
    }

    /// Adopts new tokens by `change()`, then passes them to `on_tokens` and to the store. It does so even if
    /// the access token has expired, because the refresh token may have replaced the former one. Waiting
    /// callers are woken last, or when this coroutine is destroyed. Only a failure of `change` is returned.
    asio::awaitable<result<nothing>> adopt(token access, lifespan life,
                                           std::function<result<current_login::adopted>()> change)
    {
        auto adopted = change();
        if (!adopted) co_return adopted.error();
        served_later const others{std::move(adopted->waiters), access};
        failure failed;
        try {
            failed = co_await tell_tokens(access);
        } catch (...) {
            failed = as_failure(std::current_exception());
        }
        if (failed) transport_.observer()(events::tokens_not_taken{failed->code, failed->message});
        try {
            if (uses_store()) co_await keep_login(access, life, adopted->generation);
        } catch (...) {
            report_store(std::current_exception());
        }
        co_return nothing();
    }

    void report_store(std::exception_ptr const& thrown) const noexcept
    {
        auto const why = as_failure(thrown);
        transport_.observer()(events::store_failed{why->code, why->message});
    }

    /// Passes the issued tokens to `on_tokens`, for at most 5 s.
    asio::awaitable<failure> tell_tokens(token access)
    {
        auto const& on_tokens = transport_.options().on_tokens;
        if (!on_tokens) co_return nullptr;
        auto const now = login_.state();
        issued_tokens news;
        news.access = std::move(access);
        news.refresh = now.refresh();
        news.username = now.username();
        news.email = now.user().email;
        refresh_history::of(news) = std::make_shared<refresh_token_history const>(now.history());
        operation_body<void> const body = [on_tokens, given = std::move(news)] { return on_tokens(given); };
        auto const end = time().now() + callback_limit;
        auto const taken = co_await run_on_client_executor<void>(transport_.runtime(), body, end);
        co_return taken ? nullptr : taken.error();
    }

    /// The work of a flight: takes the token that another process left in the store, or else fetches one from
    /// the region.
    asio::awaitable<result<fetch_result<token>>> shared_access(flight_ticket ticket, token rejected_value)
    {
        operation_body<result<fetch_result<token>>> const fetch = [self = self(), ticket] {
            return self->fetch_access(ticket);
        };
        // A fetch that a login or a logout has voided by now is not made.
        operation_body<result<fetch_result<token>>> const observed =
            [&]() -> asio::awaitable<result<fetch_result<token>>> {
            if (!login_.state_for(ticket)) co_return fixed_error<asio::error::operation_aborted>();
            co_return co_await console_.observed("access", fetch);
        };
        if (!uses_store()) co_return co_await observed();
        std::function<bool(store_record const&)> const accept = [&](store_record const& kept) {
            return login_.adopt_stored(kept, ticket);
        };
        co_return co_await store_.find_or_fetch(login_key(), access_token_limits, std::move(rejected_value),
                                                accept, observed);
    }

    /// Returns the key in the store, empty for an unknown user. Contains a digest, because the region may use
    /// any text as a name.
    std::string user_key(std::string const& key, std::string const& user) const
    {
        if (user.empty()) return {};
        return key + " of user " + sha256_hex(user) + " in " + std::string(transport_.service().str());
    }

    std::string login_key() const
    {
        return std::string(detail::login_key) + std::string(transport_.service().str());
    }

    /// Stores a login's access token, unless another login or a logout has followed.
    asio::awaitable<void> keep_login(token access, lifespan life, std::uint64_t generation)
    {
        auto v = as_stored(access, life, time());
        if (!login_.annotate(v, generation)) co_return;
        co_await store_.save(login_key(), v);
        // This save may have overwritten the record of the later login.
        if (!login_.is_current(generation)) co_await store_login();
    }

    /// Keeps the client alive until the login is stored.
    static asio::awaitable<void> store_login_of(std::shared_ptr<access_tokens> self)
    {
        co_await self->store_login();
    }

    /// Stores the present login, or removes the stored one if there is none.
    asio::awaitable<void> store_login()
    {
        std::uint64_t stored = 0;
        do {
            auto const now = login_.for_store();
            if (now.value)
                co_await store_.save(login_key(), *now.value);
            else
                co_await store_.remove(login_key());
            stored = now.generation;
        } while (!login_.is_current(stored));
    }

    /// Fetches by the refresh token. If the region refuses that, uses the password, if it was kept.
    asio::awaitable<result<fetch_result<token>>> fetch_access(flight_ticket ticket)
    {
        auto op = transport_.begin(nullptr);
        failure refused;
        while (true) {
            auto const state = login_.state_for(ticket);
            if (!state) co_return fixed_error<asio::error::operation_aborted>();
            if (state->fetch() == session_state::source::none)
                co_return refused ? refused : login_failure(*state);
            bool const by_password = state->fetch() == session_state::source::password;
            auto const r = token_request(*state);
            auto const began = time().now();
            auto const began_at = stored_now(time());
            one_use const once{login_, op, *state, by_password};
            response answer;
            if (auto failed = co_await transport_.send(op, r, state->refresh(), answer)) co_return failed;
            forget_refused(*state, by_password, answer);
            if (is_refused(answer) && !by_password) {
                refused = refusal(op, r, answer);
                continue;
            }
            auto const tokens = console_.read_answer(
                op, r, answer, by_password ? console_api::read_login : console_api::read_refresh);
            if (!tokens) co_return tokens.error();
            if (!by_password) rotates_ = !tokens->refresh.empty();
            fetch_result<token> got;
            got.value = tokens->access;
            got.life = life_of(*tokens, answer, began, began_at);
            std::function<result<current_login::adopted>()> const change = [&] {
                return login_.adopt(*tokens, began_at, state->generation());
            };
            auto adopting = adopt(got.value, got.life, change);
            auto const adopted = co_await std::move(adopting);
            if (!adopted) co_return adopted.error();
            if (auto expired = console_.failure_of_life(op, r, answer, got.life)) co_return expired;
            co_return got;
        }
    }

    /// Returns the failure of a client without credentials for the console.
    failure login_failure(session_state const& state) const
    {
        if (login_.given())
            return make_failure(errc::login_required,
                                "the client has a session token only, which the console does not accept");
        return make_failure(state.was_challenged() ? errc::one_time_password_required : errc::login_required);
    }

    request token_request(session_state const& state) const
    {
        if (state.fetch() == session_state::source::password)
            return console_api::login(transport_.service(), *state.held(), body_limit());
        auto r = console_api::refresh(transport_.service(), state.refresh().reveal(), body_limit());
        r.rotating_refresh = r.rotating_refresh && rotates_;
        return r;
    }

    void forget_refused(session_state const& sent, bool by_password, response const& answer)
    {
        bool const challenged = by_password && is_challenge(answer.status, read_error_body(answer.body));
        if (!challenged && !is_refused(answer)) return;
        if (by_password)
            login_.refuse_password(sent, challenged);
        else
            login_.refuse_refresh(sent);
    }

    failure refusal(operation const& op, request const& r, response const& answer) const
    {
        auto info = info_of(answer, read_error_body(answer.body));
        info.code = errc::login_required;
        info.message = "the region refused the refresh token";
        return make_failure(transport_.with_request(std::move(info), r, op));
    }

    static constexpr std::chrono::seconds callback_limit{5};

    session_owner& owner_;
    detail::console const& console_;
    detail::transport& transport_;
    current_login login_;
    // Refresh tokens are assumed to be replaced on use until the region has returned none.
    std::atomic<bool> rotates_{true};
    shared_store store_;
};

}}} // namespace practicus::v1::detail
