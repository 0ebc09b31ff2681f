// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/async/phase.hpp>
#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/net/stream.hpp>
#include <practicus/detail/wire/message.hpp>
#include <practicus/detail/wire/proxy.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace practicus { inline namespace v1 { namespace detail {

/// Reads the proxy's response to `CONNECT`: interim responses and the final head. Bytes after that are an
/// error: the server sends nothing before the client. A success has no body, regardless of its fields (RFC
/// 9110 section 9.3.6).
class tunnel_answer
{
public:
    explicit tunnel_answer(std::size_t header_limit) : header_limit_(header_limit) {}

    /// Fails with `errc::proxy_refused`, `errc::malformed_response` or `errc::header_too_large`, and with
    /// `errc::connect_failed` if the proxy could not reach the server.
    failure take(std::string_view bytes)
    {
        text_.append(bytes);
        if (text_.size() > header_limit_) return too_large();
        while (true) {
            begin();
            error_code code;
            parser_->put(asio::buffer(without_lengths(text_)), code);
            if (code == boost::beast::http::error::need_more) code = {};
            // Newer versions of Beast detect it themselves.
            if (code == boost::beast::http::error::header_limit) return too_large();
            if (code) return make_failure(errc::malformed_response, code, "the proxy's answer is no HTTP");
            if (!parser_->is_header_done()) return nullptr;
            text_.erase(0, text_.find(end_of_head) + end_of_head.size());
            auto const status = parser_->get().result_int();
            if (status >= 100 && status < 200 && status != 101) continue;
            if (status < 200 || status >= 300) return refusal(status);
            if (!text_.empty())
                return make_failure(errc::malformed_response, "the proxy sent more than its answer");
            stands_ = true;
            return nullptr;
        }
    }

    /// Returns true if the tunnel is established.
    bool stands() const noexcept { return stands_; }

private:
    using parser = boost::beast::http::response_parser<boost::beast::http::empty_body>;

    static constexpr std::string_view end_of_head = "\r\n\r\n";

    /// Removes the fields for the length of a body from a head. A client ignores them, and some proxies
    /// contradict themselves.
    static std::string without_lengths(std::string_view text)
    {
        std::string kept;
        while (!text.empty()) {
            auto const line = text.substr(0, text.find("\r\n")).size();
            auto const whole = text.substr(0, line + 2);
            text.remove_prefix(whole.size());
            if (!is_length(whole)) kept += whole;
            if (line == 0) break;
        }
        return kept;
    }

    static bool is_length(std::string_view line) noexcept
    {
        auto const name = line.substr(0, line.find(':'));
        return equals_ignoring_case(name, "content-length") ||
               equals_ignoring_case(name, "transfer-encoding");
    }

    void begin()
    {
        parser_.emplace();
        parser_->skip(true);
        parser_->header_limit(static_cast<std::uint32_t>(
            std::min<std::size_t>(header_limit_, std::numeric_limits<std::uint32_t>::max())));
    }

    static failure too_large()
    {
        return make_failure(errc::header_too_large, "the proxy's answer; limit_options::header is its limit");
    }

    static failure refusal(unsigned status)
    {
        error_info info;
        info.status = status;
        // These may be transient; the others are not.
        bool const unreachable = status == 502 || status == 503 || status == 504;
        info.code = unreachable ? errc::connect_failed : errc::proxy_refused;
        if (unreachable)
            info.message = "the proxy cannot reach the server";
        else if (status == 407)
            info.message = "it asks for other credentials; see proxy_options";
        return make_failure(std::move(info));
    }

    std::size_t header_limit_;
    std::string text_;
    std::optional<parser> parser_;
    bool stands_ = false;
};

/// Requests a tunnel to `where` from the proxy that `s` is connected to. The limit is `end`.
inline asio::awaitable<failure> open_tunnel(stream& s, proxy const& through, url_origin const& where,
                                            std::string_view user_agent, std::size_t header_limit,
                                            time_point end)
{
    auto const target = connect_target(where);
    wire_text head;
    head.append("CONNECT ").append(target).append(" HTTP/1.1\r\nHost: ").append(target);
    head.append("\r\nUser-Agent: ").append(user_agent).append("\r\n");
    if (through.authorization())
        head.append("Proxy-Authorization: ").append(through.authorization().reveal()).append("\r\n");
    head.append("\r\n");
    error_code code;
    std::size_t n = 0;
    for (auto left = head.view(); !left.empty();) {
        if (auto closed = s.arm(end)) co_return closed;
        auto writing = s.plain().async_write_some(asio::buffer(left), stream::as_tuple_deferred);
        std::tie(code, n) = co_await std::move(writing);
        if (auto why = s.why_failed(code, s.disarm(), phase::connect, time_point::max())) co_return why;
        left.remove_prefix(n);
    }
    tunnel_answer answer(header_limit);
    std::array<char, 1024> buffer;
    while (!answer.stands()) {
        if (auto closed = s.arm(end)) co_return closed;
        auto reading = s.plain().async_read_some(asio::buffer(buffer), stream::as_tuple_deferred);
        std::tie(code, n) = co_await std::move(reading);
        if (auto why = s.why_failed(code, s.disarm(), phase::connect, time_point::max())) co_return why;
        if (auto why = answer.take({buffer.data(), n})) co_return why;
    }
    co_return nullptr;
}

}}} // namespace practicus::v1::detail
