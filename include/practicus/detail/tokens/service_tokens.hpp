// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/async/run_operation.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/tokens/access_tokens.hpp>
#include <practicus/detail/tokens/console.hpp>
#include <practicus/detail/tokens/given_token.hpp>
#include <practicus/detail/tokens/token_cache.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>

#include <memory>
#include <utility>

namespace practicus { inline namespace v1 { namespace detail {

/// The token of paths of the service itself: the session token that the client was given. The console issues
/// none for them. Thread safety: full.
class service_tokens
{
public:
    explicit service_tokens(access_tokens& access) : access_(access), console_(access.console()) {}

    /// Returns the token, or an empty one.
    token find(url_origin const& where, token_purpose, std::shared_ptr<call_options const> const& with,
               validity min) const
    {
        if (console_.transport().runtime()->is_closed()) return {};
        auto const got = get(where, with.get(), min);
        return got ? *got : token();
    }

    /// Returns the token, or the reason why there is none.
    asio::awaitable<result<token>> fetch(operation op, url_origin const& where, token_purpose) const
    {
        co_return get(where, op.with.get(), op.validity());
    }

    /// Handles a 401. Returns true if another token may be had for a second try.
    bool renew(url_origin const&, token const& refused, token_purpose) const
    {
        auto const from = access_.current().given();
        return from && from->is_replaced(refused);
    }

    /// Returns true if the tokens of all services are one that the client was given.
    bool is_given() const { return access_.current().given() != nullptr; }

    /// Describes an unsuccessful response to a session token, which was given or issued.
    failure failure_of(operation const& op, request const& r, response const& answer, bool is_given) const
    {
        auto why = console_.failure_of(op, r, answer);
        if (answer.status != 401 || !is_given) return why;
        auto info = *why;
        info.message = given_token::cannot_renew;
        return make_failure(std::move(info));
    }

private:
    result<token> get(url_origin const& where, call_options const* with, validity min) const
    {
        auto const& transport = console_.transport();
        if (auto untrusted = transport.require_trusted(where, with)) return untrusted;
        if (auto const from = access_.current().given())
            return from->get(transport.runtime()->time().system_seconds(), min);
        return make_failure(errc::login_required,
                            "a path of the service itself needs credentials::session_token; a login gives "
                            "tokens for models and apps only");
    }

    access_tokens& access_;
    console const& console_;
};

}}} // namespace practicus::v1::detail
