// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/body_pipeline.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/tokens/access_tokens.hpp>
#include <practicus/detail/tokens/console.hpp>
#include <practicus/detail/tokens/freshness.hpp>
#include <practicus/detail/tokens/given_token.hpp>
#include <practicus/detail/tokens/single_flight_cache.hpp>
#include <practicus/detail/tokens/store_record.hpp>
#include <practicus/detail/tokens/token_cache.hpp>
#include <practicus/detail/wire/console_api.hpp>
#include <practicus/detail/wire/http_date.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Traits define what tokens are for and how they are requested. `kind_name` is that of
/// `events::token_fetched`.
struct model_traits
{
    using target = model_url;
    static constexpr char const* kind_name = "session";
    static constexpr bool has_id = true;
    /// The service returns the id in a header field, whatever the metadata are.
    static constexpr bool id_in_head = true;

    static constexpr auto& token_request = console_api::model_session;
    static constexpr auto& id_request = console_api::metadata;
    static constexpr auto& read_id = console_api::read_model_id;
};

struct app_traits
{
    using target = app_url;
    static constexpr char const* kind_name = "app";
    static constexpr bool has_id = true;
    static constexpr bool id_in_head = false;
    static constexpr auto& token_request = console_api::app_session;
    static constexpr auto& id_request = console_api::app_metadata;
    static std::int64_t read_id(response const& answer) { return console_api::read_app_id(answer.body); }
};

struct addon_traits
{
    using target = console_api::addon_key;
    static constexpr char const* kind_name = "addon";
    static constexpr bool has_id = false;
};

/// The ids and session tokens of a region's models or apps, or the tokens of its add-ons. They are cached,
/// and fetched once for all callers. Thread safety: full.
template <class Traits>
class hosted_tokens
{
public:
    using target = typename Traits::target;

    hosted_tokens(session_owner& owner, access_tokens& access)
        : owner_(owner), access_(access), console_(access.console()), transport_(console_.transport()),
          cache_(transport_.runtime(), !Traits::has_id)
    {}
    hosted_tokens(hosted_tokens const&) = delete;
    hosted_tokens& operator=(hosted_tokens const&) = delete;

    token_cache& cache() noexcept { return cache_; }

    /// Returns the cached token, or an empty one. Starts its renewal when it is due.
    token find(target const& what, token_purpose purpose, std::shared_ptr<call_options const> const& with,
               validity min)
    {
        if (transport_.runtime()->is_closed()) return {};
        if (auto const from = access_.current().given()) {
            auto const given = use(*from, what, with.get(), min);
            return given ? *given : token();
        }
        auto const longer = with_long_name(what);
        auto const& listed = longer ? *longer : what;
        auto found = cache_.find(name_of(listed), purpose, min);
        if (found.renew) renew_in_background(listed, purpose, with);
        return std::move(found.value);
    }

    /// Fetches a token that this thread's stripe does not have, or waits for its fetch. Waits out a 503, also
    /// of a flight, which has no patience of its own.
    asio::awaitable<result<token>> fetch(operation op, target const& what, token_purpose purpose)
    {
        if (auto const from = access_.current().given())
            co_return use(*from, what, op.with.get(), op.validity());
        auto const longer = with_long_name(what);
        auto const& listed = longer ? *longer : what;
        auto const name = name_of(listed);
        bool remembered =
            Traits::has_id && (cache_.known_key(name, purpose).has_value() || access_.uses_store());
        while (true) {
            token_key key;
            key.purpose = purpose;
            if constexpr (Traits::has_id) {
                auto const found = co_await id_by_name(op, listed);
                if (!found) {
                    if (auto ended = co_await transport_.wait_out(op, found.error())) co_return ended;
                    continue;
                }
                key.id = *found;
            } else {
                key.name = name;
            }
            auto got = co_await share<token>(op, [&](std::shared_ptr<shared_patience> const& patience) {
                return cache_.ask_token(key, name, op.validity(), [&] {
                    return work({op.with, patience}, listed, key);
                });
            });
            // The id may be outdated: one more try, with the id that the service returns.
            if (!got && got.error()->code == errc::not_found && std::exchange(remembered, false)) continue;
            if (!got) {
                if (auto ended = co_await transport_.wait_out(op, got.error())) co_return ended;
                continue;
            }
            cache_.install(key, name, *got);
            co_return got;
        }
    }

    /// Handles a service's refusal of the token. Returns true if it was the cached one, or if a given token
    /// has changed since.
    bool invalidate(target const& what, token const& refused, token_purpose purpose)
    {
        if (auto const from = access_.current().given()) return from->is_replaced(refused);
        auto why = make_failure(errc::unauthorized, "the service refused the tokens that the region issued");
        auto const longer = with_long_name(what);
        return cache_.refused(name_of(longer ? *longer : what), purpose, refused, std::move(why));
    }

    /// Handles a service's 401. Returns true if another token may be had for a second try.
    bool renew(target const& what, token const& refused, token_purpose purpose)
    {
        if (auto const from = access_.current().given()) return from->is_replaced(refused);
        invalidate(what, refused, purpose);
        return true;
    }

    asio::awaitable<result<std::int64_t>> id(operation& op, target const& url)
    {
        auto const longer = with_long_name(url);
        while (true) {
            auto const got = co_await id_by_name(op, longer ? *longer : url);
            if (got) co_return got;
            if (auto ended = co_await transport_.wait_out(op, got.error())) co_return ended;
        }
    }

    /// Returns the request for the metadata, which contain the id.
    request id_request(target const& url)
    {
        return Traits::id_request(as_listed(url), transport_.options().limits.console_body);
    }

    /// Returns the url with the name that the listing has for it: the longest listed prefix of its text.
    target as_listed(target const& url)
    {
        if (url.is_exact()) return url;
        std::string whole;
        auto text = url.without_version();
        if (cache_.has_long_names()) {
            whole = url.str();
            if (!whole.ends_with('/')) whole += '/';
            text = whole;
        }
        auto const size = cache_.listed_part(text);
        return size == 0 || size == url.without_version().size() ? url : url.read_as(text.substr(0, size));
    }

    /// Stores the ids of a listing, as far as there is room.
    template <class Entry>
    void prime(std::vector<Entry> const& listed)
    {
        std::vector<std::pair<std::string, std::int64_t>> names;
        bool long_names = false;
        for (auto const& entry : listed) {
            if (names.size() == cache_.capacity()) break;
            try {
                target const url(transport_.service(), entry.prefix.prefix, entry.name);
                names.emplace_back(url.without_version(), entry.id);
                long_names = long_names || is_cut_as_text(url);
            } catch (error const&) {
                // A name that is invalid in a url cannot be requested.
            }
        }
        cache_.prime(names, long_names);
    }

private:
    using id_handle = token_cache::id_handle;

    static std::string_view name_of(target const& what) noexcept
    {
        if constexpr (Traits::has_id)
            return what.without_version();
        else
            return what.text();
    }

    /// Returns true if the name ends earlier when the text alone is parsed.
    static bool is_cut_as_text(target const& url)
    {
        auto const root = url.origin().str().size() + 1;
        auto const read = find_name(url.str(), root, std::is_same_v<target, app_url>);
        return read.name_end < url.without_version().size();
    }

    /// Returns the url with a longer name from the listing, if any, which is then the cache's key. (The
    /// shorter one may be cached as well.)
    std::optional<target> with_long_name(target const& what)
    {
        if constexpr (Traits::has_id) {
            if (!cache_.has_long_names()) return std::nullopt;
            auto listed = as_listed(what);
            if (listed.without_version().size() > what.without_version().size()) return listed;
        }
        return std::nullopt;
    }

    /// Returns the session token that the client was given, if tokens may be sent to the url.
    result<token> use(given_token& from, target const& what, call_options const* with, validity min) const
    {
        if constexpr (Traits::has_id)
            if (auto untrusted = transport_.require_trusted(what.origin(), with)) return untrusted;
        return from.get(transport_.runtime()->time().system_seconds(), min);
    }

    void renew_in_background(target const& what, token_purpose purpose,
                             std::shared_ptr<call_options const> const& with)
    {
        auto const name = name_of(what);
        if (auto const key = cache_.known_key(name, purpose))
            cache_.ask_token(*key, name, std::nullopt, [&] { return work({with, nullptr}, what, *key); });
    }

    asio::awaitable<result<std::int64_t>> id_by_name(operation& op, target const& url)
    {
        // First: the trusted origins of another caller do not apply to this one.
        if (auto untrusted = transport_.check_trusted(op, id_request(url))) co_return untrusted;
        if (op.with && settings(*op.with).ask_id && !op.shared) co_return co_await ask_id(op, url);
        auto const got = co_await share<id_handle>(op, [&](std::shared_ptr<shared_patience> const& patience) {
            return cache_.ask_id(name_of(url), [&] { return id_work({op.with, patience}, url); });
        });
        if (!got) co_return got.error();
        co_return **got;
    }

    /// The caller that began a flight.
    struct flight_origin
    {
        std::shared_ptr<call_options const> with;
        std::shared_ptr<shared_patience> patience;
    };

    /// Waits for the flight that `ask(patience)` joins, and for another one if that was not retried.
    template <class Handle, class Ask>
    asio::awaitable<result<Handle>> share(operation const& op, Ask ask) const
    {
        while (true) {
            // A fetch within a fetch has the patience of the outer one: the same callers wait for both.
            auto own = op.fetch_patience;
            if (!own && op.is_patient()) own = std::make_shared<shared_patience>();
            auto asked = ask(own);
            bool const is_foreign = asked.patience && asked.patience != own;
            bool const suits = !is_foreign || (own ? !op.fetch_patience : asked.patience->want_retries());
            auto got = co_await wait_for(std::move(asked), transport_.runtime()->limits(), op.deadline);
            if (got || got.error()->status != 503 || suits) co_return got;
            if (op.fetch_patience && op.fetch_patience->ends_fetch()) co_return got;
        }
    }

    /// Begins the operation of a fetch.
    operation begin_fetch(flight_origin from) const
    {
        auto op = console_.begin_shared(std::move(from.with));
        op.fetch_patience = std::move(from.patience);
        return op;
    }

    asio::awaitable<result<std::int64_t>> ask_id(operation& op, target const& url)
    {
        auto r = id_request(url);
        std::optional<body_pipeline> unread;
        if constexpr (Traits::id_in_head) {
            r.body_limit = transport_.options().limits.listing_body;
            r.body_limit_name = "limit_options::listing_body";
            unread.emplace(r.body_limit);
        }
        response answer;
        if (auto failed = co_await access_.call(op, r, answer, unread ? &*unread : nullptr)) co_return failed;
        co_return console_.with_error_context(op, r, answer, [&] { return Traits::read_id(answer); });
    }

    std::shared_ptr<hosted_tokens> self() { return {owner_.shared_from_this(), this}; }

    flight_work<id_handle> id_work(flight_origin const& from, target const& url)
    {
        flight_work<id_handle> todo(
            [self = self(), from, url](flight_ticket, id_handle) { return self->fetch_id(from, url); });
        todo.patience = from.patience;
        return todo;
    }

    flight_work<token> work(flight_origin const& from, target const& what, token_key const& key)
    {
        flight_work<token> todo([self = self(), from, what, key](flight_ticket, token rejected_value) {
            return self->fetch_token(from, what, key, std::move(rejected_value));
        });
        todo.patience = from.patience;
        return todo;
    }

    static std::string id_store_key(target const& url)
    {
        return std::string(Traits::kind_name) + " id of " + std::string(name_of(url));
    }

    static std::string token_store_key(token_key const& key)
    {
        return std::string(Traits::kind_name) + " token " +
               (Traits::has_id ? std::to_string(key.id) : key.name) +
               (key.purpose == token_purpose::upload ? " for upload" : "");
    }

    /// The work of a flight that looks up an id. A text with a listed url as its prefix gets the id of that.
    asio::awaitable<result<fetch_result<id_handle>>> fetch_id(flight_origin from, target url)
    {
        fetch_result<id_handle> got;
        auto const listed = as_listed(url);
        if (name_of(listed).size() < name_of(url).size()) {
            auto op = begin_fetch(from);
            auto const found = co_await id_by_name(op, listed);
            if (!found) co_return found.error();
            got.value = *found;
            got.life = life_of_id();
            co_return got;
        }
        // The name that the callers wait for, even if a longer one was listed meanwhile.
        auto const own = url.is_exact() ? url : url.read_as(name_of(url));
        operation_body<result<fetch_result<token>>> const fetch = [&] { return fetch_digits(from, own); };
        std::function<bool(token const&)> const is_id = [](token const& t) {
            return stored_number(t.reveal()).value_or(0) != 0;
        };
        auto const digits =
            co_await access_.find_or_fetch(id_store_key(url), model_id_limits, token(), is_id, fetch);
        if (!digits) co_return digits.error();
        got.value = stored_number(digits->value.reveal());
        got.life = digits->life;
        co_return got;
    }

    /// Returns the id as decimal digits, its form in a store.
    asio::awaitable<result<fetch_result<token>>> fetch_digits(flight_origin from, target const& url)
    {
        auto op = begin_fetch(std::move(from));
        auto const found = co_await ask_id(op, url);
        if (!found) co_return found.error();
        fetch_result<token> digits;
        digits.value = token(secret(std::to_string(*found)));
        digits.life = life_of_id();
        co_return digits;
    }

    /// The work of a flight that exchanges an id, or an add-on's key, for a token.
    asio::awaitable<result<fetch_result<token>>> fetch_token(flight_origin from, target what, token_key key,
                                                             token rejected_value)
    {
        operation_body<result<fetch_result<token>>> const request = [&] {
            return request_token(from, what, key);
        };
        operation_body<result<fetch_result<token>>> const observed = [&] {
            return console_.observed(Traits::kind_name, request);
        };
        std::function<bool(token const&)> const any = [](token const&) { return true; };
        auto got = co_await access_.find_or_fetch(token_store_key(key), session_token_limits,
                                                  std::move(rejected_value), any, observed);
        if constexpr (Traits::has_id)
            if (!got && got.error()->code == errc::not_found)
                co_await access_.remove(id_store_key(as_listed(what)));
        co_return got;
    }

    asio::awaitable<result<fetch_result<token>>> request_token(flight_origin from, target const& what,
                                                               token_key const& key)
    {
        auto op = begin_fetch(std::move(from));
        auto const r = token_request(what, key);
        auto const& time = transport_.runtime()->time();
        auto const issued = time.now();
        auto const here = time.system_seconds();
        response answer;
        if (auto failed = co_await access_.call(op, r, answer)) co_return failed;
        auto const value = console_.read_answer(op, r, answer, console_api::read_session_token);
        if (!value) co_return value.error();
        fetch_result<token> got;
        got.value = *value;
        got.life = lifespan(issued, remaining_life(value->claims(), parse_http_date(answer.date), here),
                            session_token_limits, transport_.runtime()->random().next());
        if (auto expired = console_.failure_of_life(op, r, answer, got.life)) co_return expired;
        co_return got;
    }

    request token_request(target const& what, token_key const& key) const
    {
        auto const& service = transport_.service();
        auto const limit = transport_.options().limits.console_body;
        if constexpr (Traits::has_id)
            return Traits::token_request(service, key.id, key.purpose, limit);
        else
            return console_api::addon_session(service, what, limit);
    }

    lifespan life_of_id() const
    {
        return token_cache::state_type::life_of_id(transport_.runtime()->time().now());
    }

    session_owner& owner_;
    access_tokens& access_;
    console const& console_;
    transport& transport_;
    token_cache cache_;
};

}}} // namespace practicus::v1::detail
