// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/fault.hpp>
#include <practicus/mock/message.hpp>

#include <boost/beast/http/status.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace practicus { inline namespace v1 { namespace mock { namespace detail {

/// The bytes of a response: the head, a number of spaces, and the body in separately written pieces.
struct answer_bytes
{
    std::string head;
    std::uint64_t filler = 0;
    std::vector<std::string> body;
    std::vector<gate> gates;
    std::vector<std::chrono::milliseconds> pauses;
};

inline bool has_no_body(response const& r) noexcept
{
    return r.status < 200 || r.status == 204 || r.status == 304;
}

inline std::string chunk(std::string_view data)
{
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return size + std::string(data) + "\r\n";
}

inline std::vector<std::string> split(std::string const& text, std::vector<std::size_t> const& offsets)
{
    std::vector<std::string> result;
    std::size_t from = 0;
    for (std::size_t to : offsets) {
        to = std::min(to, text.size());
        if (to <= from) continue;
        result.push_back(text.substr(from, to - from));
        from = to;
    }
    if (from < text.size()) result.push_back(text.substr(from));
    return result;
}

inline std::vector<std::string> body_pieces(response const& r, answer_plan const& plan)
{
    auto pieces = split(r.body, r.pieces);
    if (!r.chunked && !plan.chunk_size) return pieces;
    for (auto& piece : pieces)
        piece = chunk(piece);
    if (plan.chunk_size) {
        if (pieces.empty()) pieces.emplace_back("\r\n");
        auto& first = pieces.front();
        first.replace(0, first.find("\r\n"), *plan.chunk_size);
    }
    pieces.emplace_back("0\r\n\r\n");
    return pieces;
}

/// Serialises the head of the response. Without `keep_alive` it announces the end of the connection.
inline std::string encode_head(response const& r, answer_plan const& plan, bool keep_alive)
{
    auto head = plan.interim + "HTTP/1.1 " + std::to_string(r.status) + ' ';
    head += boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(r.status));
    head += "\r\n";
    for (auto const* fields : {&r.headers, &plan.headers})
        for (auto const& [name, value] : *fields)
            head += name + ": " + value + "\r\n";
    if (plan.head_filler != 0)
        head += "X-Filler: " + std::string(static_cast<std::size_t>(plan.head_filler), 'x') + "\r\n";
    bool const chunked = r.chunked || plan.chunk_size;
    if (plan.says_length)
        head += "Content-Length: " + std::to_string(*plan.says_length) + "\r\n";
    else if (!plan.until_close && !has_no_body(r) && !chunked)
        head += "Content-Length: " + std::to_string(r.body.size() + plan.body_filler) + "\r\n";
    if (chunked && !plan.until_close) head += "Transfer-Encoding: chunked\r\n";
    if (!keep_alive && !plan.close) head += "Connection: close\r\n";
    return head += "\r\n";
}

/// Serialises the response according to the plan. `bodiless`: the request was a HEAD.
inline answer_bytes encode(response const& r, answer_plan const& plan, bool bodiless, bool keep_alive)
{
    answer_bytes result;
    bool const ends = plan.until_close && !plan.says_length;
    result.head = encode_head(r, plan, keep_alive && !ends);
    if (bodiless || has_no_body(r)) return result;
    result.filler = plan.body_filler;
    result.body = body_pieces(r, plan);
    result.gates = r.gates;
    result.pauses = r.pauses;
    return result;
}

}}}} // namespace practicus::v1::mock::detail
