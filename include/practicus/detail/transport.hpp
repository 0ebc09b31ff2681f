// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/message.hpp>
#include <practicus/detail/response_reader.hpp>
#include <practicus/detail/runtime.hpp>
#include <practicus/detail/stream.hpp>
#include <practicus/detail/tls_context.hpp>
#include <practicus/error.hpp>
#include <practicus/options.hpp>
#include <practicus/token.hpp>
#include <practicus/url.hpp>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus::inline v1::detail {

/// Redirects followed in one request.
inline constexpr int max_redirects = 3;

/// Sends one request and reads its answer. Thread safety: full; constant once made.
class transport
{
public:
    transport(std::shared_ptr<runtime> home, service_url service, client_options options)
        : home_(std::move(home)), service_(std::move(service)), options_(std::move(options)),
          trusted_(options_.trusted_origins())
    {
        trusted_.push_back(service_.origin());
        if (std::any_of(trusted_.begin(), trusted_.end(), [](origin const& o) { return o.secure(); }))
            tls_ = make_tls_context(options_.tls());
    }

    std::shared_ptr<runtime> const& home() const noexcept { return home_; }
    service_url const& service() const noexcept { return service_; }
    client_options const& options() const noexcept { return options_; }

    /// Sends `r` with the token, if it asks for one, and follows redirects of a GET within its origin. Any
    /// status is an answer. Throws what the connection can end with, with the request's name in the error.
    asio::awaitable<response> send(operation& op, request const& r, token bearer) const
    {
        std::shared_ptr<error_info const> failure;
        try {
            auto target = r.target;
            for (int hops = 0; hops <= max_redirects; ++hops) {
                auto answer = co_await send_once(op, r, target, bearer);
                if (!is_redirect(answer) || r.method != "GET") co_return answer;
                target = redirect_target(r, target, answer.location);
            }
            throw error(errc::redirected, "more than " + std::to_string(max_redirects) + " redirects");
        } catch (...) {
            failure = current_error_info();
        }
        throw error(with_request(*failure, r, op));
    }

    /// Adds what only the operation knows.
    error_info with_request(error_info info, request const& r, operation const& op) const
    {
        if (info.request.empty()) info.request = r.name();
        info.attempts = op.attempts;
        info.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(home_->time().now() - op.began);
        return info;
    }

private:
    static bool is_redirect(response const& answer) noexcept
    {
        switch (answer.status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308: return !answer.location.empty();
        default: return false;
        }
    }

    /// Within the same origin only: a token must not follow a redirect to where nobody sent it.
    static std::string redirect_target(request const& r, std::string const& target, std::string_view location)
    {
        auto const here = r.where.str() + target;
        auto const base = boost::urls::parse_uri(here);
        auto const reference = boost::urls::parse_uri_reference({location.data(), location.size()});
        boost::urls::url resolved;
        if (!base || !reference || !boost::urls::resolve(*base, *reference, resolved))
            throw error(errc::redirected, "to a location that is no url");
        resolved.remove_fragment();
        bool same = false;
        try {
            auto const authority =
                std::string(resolved.scheme()) + "://" + std::string(resolved.encoded_host_and_port());
            same = !resolved.has_userinfo() && origin(authority) == r.where;
        } catch (error const&) {
        }
        if (!same) throw error(errc::untrusted_origin, "the answer is a redirect to another origin");
        std::string result(std::string_view(resolved.encoded_target()));
        if (result.empty() || result.starts_with('?')) result.insert(0, 1, '/');
        // Boost.URL 1.81 takes what follows a bad port for a path.
        if (!result.starts_with('/')) throw error(errc::redirected, "to a location that is no url");
        return result;
    }

    /// The one place that lets a request out: to the region's own origins only. Also one without a token:
    /// what an app's service answers decides which token is asked for.
    void authorize(wire_text& head, request const& r, token const& bearer) const
    {
        if (std::find(trusted_.begin(), trusted_.end(), r.where) == trusted_.end())
            throw error(errc::untrusted_origin, r.where.str() + " is not " + service_.origin().str() +
                                                    " nor one of client_options::trusted_origin");
        if (r.authorized != authorization::none)
            head.append("Authorization: Bearer ").append(bearer.reveal()).append("\r\n");
    }

    wire_text serialize(request const& r, std::string_view target, token const& bearer) const
    {
        wire_text out;
        out.append(r.method)
            .append(" ")
            .append(target)
            .append(" HTTP/1.1\r\nHost: ")
            .append(r.where.host_header());
        out.append("\r\nUser-Agent: ").append(options_.user_agent());
        out.append("\r\nAccept: application/json\r\nConnection: close\r\n");
        authorize(out, r, bearer);
        if (!r.body.empty() || r.method == "POST") {
            out.append("Content-Type: ").append(r.content_type);
            out.append("\r\nContent-Length: ").append(std::to_string(r.body.size())).append("\r\n");
        }
        out.append("\r\n").append(r.body.view());
        return out;
    }

    asio::awaitable<response> send_once(operation& op, request const& r, std::string_view target,
                                        token bearer) const
    {
        // Before anything is resolved or dialled: an origin that is not the region's learns nothing.
        auto const bytes = serialize(r, target, bearer);
        ++op.attempts;
        auto const connection = co_await dial(home_, options_, tls_.get(), r.where, op);
        response answer;
        if (connection->is_tls())
            answer = co_await exchange(connection->tls(), *connection, bytes.view(), r.body_limit, op);
        else
            answer = co_await exchange(connection->plain(), *connection, bytes.view(), r.body_limit, op);
        co_return answer;
    }

    template <class Socket>
    asio::awaitable<response> exchange(Socket& socket, stream& guard, std::string_view bytes,
                                       std::size_t body_limit, operation& op) const
    {
        auto const& limits = options_.timeouts();
        error_code code;
        while (!bytes.empty()) {
            guard.arm(phase_end(op, home_->time().now(), limits.between_bytes()));
            auto const n = co_await socket.async_write_some(asio::const_buffer(bytes.data(), bytes.size()),
                                                            asio::redirect_error(asio::use_awaitable, code));
            op.written = op.written || n != 0;
            guard.settle(code, guard.disarm(), phase::write, op);
            bytes.remove_prefix(n);
        }

        std::optional<response_reader> reader(std::in_place, options_.limits().header(), body_limit);
        std::vector<char> buffer(16 * 1024);
        wiped_later const wipe{buffer};
        std::size_t held = 0;
        bool any = false;
        while (true) {
            if (held == buffer.size()) buffer.resize(2 * buffer.size());
            auto const at = any ? phase::body : phase::first_byte;
            guard.arm(phase_end(op, home_->time().now(), any ? limits.between_bytes() : limits.first_byte()));
            auto const n =
                co_await socket.async_read_some(asio::buffer(buffer.data() + held, buffer.size() - held),
                                                asio::redirect_error(asio::use_awaitable, code));
            auto const ended = guard.disarm();
            if (ended == expiry::none && is_end(code)) {
                finish_at_end(*reader, code);
                break;
            }
            guard.settle(code, ended, at, op);
            any = true;
            held += n;
            if (take(reader, buffer, held, body_limit)) break;
        }
        co_return std::move(reader->result());
    }

    // What was read may hold tokens.
    struct wiped_later
    {
        std::vector<char>& buffer;
        ~wiped_later() { OPENSSL_cleanse(buffer.data(), buffer.size()); }
    };

    // Some servers close a TLS connection without saying so first.
    static bool is_end(error_code const& code) noexcept
    {
        return code == asio::error::eof || code == asio::ssl::error::stream_truncated;
    }

    static void finish_at_end(response_reader& reader, error_code const& cause)
    {
        error_code code;
        // Under TLS, only the peer's word makes an end of a body that has no length.
        if (reader.got_some() && cause == asio::error::eof) reader.put_eof(code);
        if (reader.is_done() && !code) return;
        throw_with_cause(errc::connection_lost, cause);
    }

    /// True when the answer is complete.
    bool take(std::optional<response_reader>& reader, std::vector<char>& buffer, std::size_t& held,
              std::size_t body_limit) const
    {
        while (true) {
            error_code code;
            auto const used = reader->feed({buffer.data(), held}, code);
            if (code) throw_with_cause(response_reader::to_errc(code), code);
            std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(used),
                      buffer.begin() + static_cast<std::ptrdiff_t>(held), buffer.begin());
            held -= used;
            if (!reader->is_done()) {
                if (held > std::max(options_.limits().header(), min_line))
                    throw error(errc::malformed_response, "a line without an end");
                return false;
            }
            if (!reader->interim()) return true;
            reader.emplace(options_.limits().header(), body_limit);
        }
    }

    /// A chunk's line may be as long as a header, or as this.
    static constexpr std::size_t min_line = 16 * 1024;

    std::shared_ptr<runtime> home_;
    service_url service_;
    client_options options_;
    std::vector<origin> trusted_;
    std::unique_ptr<asio::ssl::context> tls_;
};

} // namespace practicus::inline v1::detail
