// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/url.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <type_traits>

namespace cli {

/// The segment that begins here, in lower case.
inline std::string word_at(std::string const& text, std::size_t at)
{
    auto word = text.substr(at, text.find('/', at) - at);
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    return word;
}

/// Returns true for a version as urls have it.
inline bool is_tag(std::string const& word)
{
    if (word == "production" || word == "prod" || word == "staging" || word == "latest") return true;
    return word.size() > 1 && word[0] == 'v' && word.find_first_not_of("0123456789", 1) == std::string::npos;
}

/// The MODEL or APP of a command line: a whole url, or `prefix/name[/version][/path]`, where the version may
/// be written as the lists show it, or in capitals: `2`, `Production`, `V2`.
template <class Url>
Url target_url(practicus::service_url const& service, std::string text)
{
    if (text.find("://") != std::string::npos) return Url(service, text);
    bool in_api = false;
    std::size_t at = text.starts_with('/') ? 1 : 0;
    for (int before = 0; at < text.size() && !in_api; ++before) {
        in_api = before >= 2 && std::is_same_v<Url, practicus::app_url> && text.compare(at, 4, "api/") == 0;
        if (in_api) at += 4;
        auto const word = word_at(text, at);
        if (before >= 2 && (is_tag(word) || is_tag('v' + word))) {
            text.replace(at, word.size(), word);
            break;
        }
        at += word.size() + 1;
    }
    return Url(service, text);
}

} // namespace cli
