// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "lean_answers.hpp"

#include <practicus/encoding.hpp>
#include <practicus/lz4.hpp>
#include <practicus/mock/token.hpp>

#include <charconv>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bench {
namespace {

/// A text that looks like a token of this size.
std::string token_of(std::size_t size)
{
    std::string text = "eyJ";
    while (text.size() < size)
        text += "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[text.size() % 64];
    return text;
}

/// A JWT of this size, good until the year 2100.
std::string jwt_of(std::string_view type, std::size_t size)
{
    using practicus::mock::detail::base64url;
    std::string claims =
        R"({"token_type":")" + std::string(type) + R"(","exp":4102444800,"iat":1767225600,"jti":")";
    std::string const head = base64url(R"({"alg":"HS256","typ":"JWT"})") + '.',
                      end = '.' + base64url(token_of(32));
    while ((claims.size() + 2) * 4 / 3 < size - head.size() - end.size())
        claims += '0';
    return head + base64url(claims + "\"}") + end;
}

/// 600 bytes of JSON around a token.
std::string cluster_body()
{
    std::string const begin = R"({"NAME":")", end = R"(","REGION_NAME":"benchmark"})";
    return begin + token_of(600 - begin.size() - end.size()) + end;
}

std::string answer(std::string_view type, std::string_view body, std::string_view fields = "")
{
    std::string text =
        "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nServer: lean\r\nContent-Type: ";
    text.append(type).append("\r\nContent-Length: ").append(std::to_string(body.size())).append("\r\n");
    text.append(fields).append("Vary: Accept\r\nAllow: GET, HEAD, OPTIONS\r\n\r\n").append(body);
    return text;
}

std::string model_text(std::size_t i)
{
    auto const n = std::to_string(i);
    std::string text = R"({"id":)" + std::to_string(1000 + i) + R"(,"name":"model-)" + n +
                       R"(","model_prefix":{"key":"models-many","prefix":"models/many"},"model_versions":[)";
    for (std::size_t v = 1; v <= i % 3; ++v)
        text += R"({"id":)" + std::to_string(10 * (1000 + i) + v) + R"(,"version":)" + std::to_string(v) +
                R"(,"stage":)" + (v == 1 ? R"("Production")" : "null") +
                R"(,"model_deployment":{"key":"deployment-small","name":"Small \"2 CPU\""}},)";
    if (text.back() == ',') text.pop_back();
    return text + "]}";
}

std::string rows_of(std::size_t size)
{
    std::string text = "prediction\n";
    for (std::size_t i = 0; text.size() < size; ++i)
        text += std::to_string(300 + i * 7919 % 4000) + ".25\n";
    text.resize(size, '\n');
    return text;
}

std::string encode(std::string_view name, std::string const& body)
{
    auto const how = name == "gzip"      ? practicus::content_encoding::gzip()
                     : name == "zlib"    ? practicus::content_encoding::zlib()
                     : name == "deflate" ? practicus::content_encoding::deflate()
                     : name == "lz4"     ? practicus::lz4_encoding()
                                         : throw std::runtime_error("no such encoding: " + std::string(name));
    std::string encoded;
    practicus::detail::transcode(*how.encoder(), body, true, encoded,
                                 std::numeric_limits<std::size_t>::max());
    return encoded;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower)
{
    if (text.size() != lower.size()) return false;
    for (std::size_t i = 0; i != text.size(); ++i)
        if ((text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]) != lower[i]) return false;
    return true;
}

} // namespace

std::string_view field(std::string_view head, std::string_view name)
{
    for (auto at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at)) {
        at += 2;
        auto line = head.substr(at, head.find("\r\n", at) - at);
        if (line.size() <= name.size() || line[name.size()] != ':') continue;
        if (!equal_ignoring_case(line.substr(0, name.size()), name)) continue;
        line.remove_prefix(name.size() + 1);
        while (line.starts_with(' '))
            line.remove_prefix(1);
        return line;
    }
    return {};
}

lean_answers::lean_answers(std::size_t models)
    : models_(models), cluster_(answer("application/json", cluster_body())),
      metadata_(answer("application/json", "{}", "x-prt-model-id: 42\r\n")),
      login_(answer("application/json", R"({"refresh":")" + jwt_of("refresh", 300) + R"(","access":")" +
                                            jwt_of("access", 300) + R"(","username":"admin"})")),
      token_(answer("application/json", R"({"token":")" + jwt_of("session", 500) + R"("})")),
      unknown_("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
{}

std::string const* lean_answers::find(std::string_view head)
{
    auto target = head.substr(head.find(' ') + 1);
    target = target.substr(0, target.find(' '));
    if (target == "/console/api/central/clusterdefinition/") return &cluster_;
    if (target == "/console/api/modelhost/models/") return &listing();
    if (target == "/console/api/auth/") return &login_;
    if (target == "/console/api/modelhost/model-auth/") return &token_;
    if (target.starts_with("/models/lean/held/")) return nullptr;
    // The SDK asks without a query.
    if (target.ends_with("?get_meta=true") || target.starts_with("/models/many/")) return &metadata_;
    if (target.starts_with("/models/lean/")) return &prediction(target, head);
    return &unknown_;
}

std::string const& lean_answers::listing()
{
    if (!listing_.empty()) return listing_;
    std::string body = "[";
    for (std::size_t i = 0; i != models_; ++i)
        body.append(i == 0 ? "" : ",").append(model_text(i));
    return listing_ = answer("application/json", body + "]");
}

/// `/models/lean/answer-N/` answers N bytes, encoded as the request is.
std::string const& lean_answers::prediction(std::string_view target, std::string_view head)
{
    constexpr std::string_view begin = "/models/lean/answer-";
    std::size_t size = 0;
    if (!target.starts_with(begin)) return unknown_;
    std::from_chars(target.data() + begin.size(), target.data() + target.size(), size);
    auto const encoding = field(head, "content-encoding");
    auto const key = std::string(target) + '|' + std::string(encoding);
    if (auto const found = predictions_.find(key); found != predictions_.end()) return found->second;
    auto const body = rows_of(size);
    return predictions_[key] = encoding.empty()
                                   ? answer("text/csv", body)
                                   : answer("text/csv", encode(encoding, body),
                                            "Content-Encoding: " + std::string(encoding) + "\r\n");
}

} // namespace bench
