// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/call_options.hpp>
#include <practicus/detail/base/result.hpp>
#include <practicus/detail/pool/operation.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/own_fields.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace detail {

/// Writes requests, and decides which origins get them. Thread safety: full.
class request_writer
{
public:
    /// A head and a body of up to this size together are written at once.
    static constexpr std::size_t coalesce_limit = 16 * 1024;

    request_writer(url_origin service, std::vector<url_origin> trusted)
        : service_(std::move(service)), trusted_(std::move(trusted))
    {
        trusted_.push_back(service_);
    }

    /// Returns true if any trusted origin needs TLS.
    bool needs_tls() const noexcept
    {
        return std::any_of(trusted_.begin(), trusted_.end(), [](url_origin const& o) { return o.secure(); });
    }

    /// Fails with `errc::untrusted_origin`. The options of the call may be null.
    failure require_trusted(url_origin const& where, call_options const* with) const
    {
        auto const among = [&](std::vector<url_origin> const& list) {
            return std::find(list.begin(), list.end(), where) != list.end();
        };
        if (among(trusted_) || (with != nullptr && among(settings(*with).trusted_origins))) return nullptr;
        return make_failure(errc::untrusted_origin, where.str() + " is not " + service_.str() +
                                                        " nor one of client_options::trusted_origins");
    }

    /// Writes the head to `target`, and as much of the body as goes with it; `rest` is the remaining body.
    /// `common` is the part of the head that all requests to the origin share. `forward_proxy` is the proxy
    /// that forwards the request, or null.
    failure write(wire_text& out, std::string_view& rest, operation const& op, request const& r,
                  std::string_view target, std::string_view common, proxy const* forward_proxy,
                  token const& bearer) const
    {
        out.wipe();
        out.append(r.method).append(" ");
        if (forward_proxy != nullptr) out.append(r.where.str());
        out.append(target).append(common);
        out.append(r.accept);
        if (auto why = authorize(out, op, r, bearer)) return why;
        if (forward_proxy != nullptr && forward_proxy->authorization())
            out.append(own_field::proxy_authorization).append(forward_proxy->authorization().reveal());
        if (op.with && !op.shared) out.append(settings(*op.with).fields);
        if (!r.fields.empty()) out.append(r.fields);
        if (!r.accept_encoding.empty()) out.append(own_field::accept_encoding).append(r.accept_encoding);
        rest = r.content();
        append_body_fields(out, r, r.length.value_or(rest.size()));
        out.append("\r\n\r\n");
        auto const along = std::min(rest.size(), coalesce_limit - std::min(coalesce_limit, out.size()));
        out.append(rest.substr(0, along));
        rest.remove_prefix(along);
        return nullptr;
    }

private:
    /// The only function that writes a token. Refuses all requests to untrusted origins, also those without a
    /// token: an app's answer decides which token is fetched.
    failure authorize(wire_text& head, operation const& op, request const& r, token const& bearer) const
    {
        if (auto why = require_trusted(r.where, op.with.get())) return why;
        if (r.authorized != authorization::none) head.append(own_field::bearer).append(bearer.reveal());
        return nullptr;
    }

    static void append_body_fields(wire_text& out, request const& r, std::uint64_t size)
    {
        if (r.chunked || size != 0) {
            if (!r.content_encoding.empty())
                out.append(own_field::content_encoding).append(r.content_encoding);
            out.append(own_field::content_type).append(r.content_type);
        }
        if (r.chunked)
            out.append(own_field::transfer_encoding).append("chunked");
        else if (size != 0 || expects_body(r.method))
            out.append(own_field::content_length).append(std::to_string(size));
    }

    url_origin service_;
    std::vector<url_origin> trusted_;
};

}}} // namespace practicus::v1::detail
