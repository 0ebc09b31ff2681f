// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/url.hpp>

#include <algorithm>
#include <cctype>
#include <string>

namespace cli {

/// The MODEL of a command line: a whole url, or `prefix/name[/version]`, where the version may be written as
/// the lists show it: `2`, `Production`.
template <class Url>
Url target_url(practicus::service_url const& service, std::string text)
{
    if (text.find("://") != std::string::npos) return Url(service, text);
    if (text.ends_with('/')) text.pop_back();
    auto const slash = text.rfind('/');
    if (slash == std::string::npos || text.find('/', 1) == slash) return Url(service, text);
    auto word = text.substr(slash + 1);
    std::transform(word.begin(), word.end(), word.begin(), [](unsigned char c) { return std::tolower(c); });
    if (word == "production" || word == "prod" || word == "staging" || word == "latest")
        text.replace(slash + 1, std::string::npos, word);
    return Url(service, text);
}

} // namespace cli
