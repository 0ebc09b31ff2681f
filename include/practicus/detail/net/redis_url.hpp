// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/detail/base/ascii.hpp>
#include <practicus/detail/base/url_text.hpp>
#include <practicus/secret.hpp>

#include <boost/url/authority_view.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace practicus { inline namespace v1 { namespace detail {

/// The parts of `redis://[user[:password]@]host[:port][/database]`. User and password are percent-decoded.
struct redis_url
{
    /// `rediss://`, by TLS.
    bool secure = false;
    std::string user;
    secret password;
    /// Without the brackets of an IPv6 address.
    std::string host;
    std::uint16_t port = 6379;
    unsigned database = 0;
};

inline std::string_view after_redis_scheme(std::string_view text, bool& secure)
{
    auto const colon = text.find("://");
    auto const scheme = text.substr(0, std::min(colon, text.size()));
    secure = equals_ignoring_case(scheme, "rediss");
    if (colon == std::string_view::npos || (!secure && !equals_ignoring_case(scheme, "redis")))
        refuse_url("it must begin with redis:// or, for TLS, rediss://");
    return text.substr(colon + 3);
}

inline unsigned read_database(std::string_view digits)
{
    unsigned value = 0;
    auto const* const last = digits.data() + digits.size();
    auto const [end, failed] = std::from_chars(digits.data(), last, value);
    if (!digits.empty() && (failed != std::errc() || end != last))
        refuse_url("what follows the host must be / and the number of a database");
    return value;
}

/// Parses the url of a Redis server. Throws `errc::invalid_url`; the message never quotes the text.
inline redis_url read_redis_url(std::string_view text)
{
    check_size(text);
    for (std::size_t i = 0; i < text.size(); ++i)
        if (is_control(text[i]) || text[i] == ' ')
            refuse_url("a space or control character at byte " + std::to_string(i));
    redis_url result;
    auto rest = after_redis_scheme(text, result.secure);
    auto const slash = std::min(rest.find('/'), rest.size());
    result.database = read_database(rest.substr(std::min(slash + 1, rest.size())));
    rest = rest.substr(0, slash);
    if (auto const at = rest.rfind('@'); at != std::string_view::npos) {
        auto const login = rest.substr(0, at);
        auto const colon = std::min(login.find(':'), login.size());
        result.user = decoded_credential(login.substr(0, colon));
        auto const password = login.substr(std::min(colon + 1, login.size()));
        result.password = secret::take(decoded_credential(password));
        rest.remove_prefix(at + 1);
    }
    if (rest.empty() || rest.front() == ':') refuse_url("it has no host");
    auto const authority = boost::urls::parse_authority(rest);
    if (!authority) refuse_url("host and port cannot be read; write host, host:port or [IPv6]:port");
    if (auto const port = authority->port(); !port.empty())
        result.port = read_port({port.data(), port.size()}, false);
    result.host = read_host(*authority);
    if (result.host.starts_with('[')) result.host = result.host.substr(1, result.host.size() - 2);
    return result;
}

}}} // namespace practicus::v1::detail
