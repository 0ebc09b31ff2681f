// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/catalog.hpp>
#include <practicus/error.hpp>
#include <practicus/url.hpp>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

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

/// Returns the MODEL or APP of a command line: a whole url, or `prefix/name[/version][/path]`. The version
/// may be written as in the lists, or in capitals: `2`, `Production`, `V2`.
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

/// Returns true if the entry has the version of a url, or the url leaves the version to the region.
inline bool has_version(practicus::hosted_entry const& entry, std::string_view version)
{
    if (version.empty() || version == "latest") return true;
    if (version == "staging") return entry.staging_version() != nullptr;
    if (!version.starts_with('v')) return entry.production_version() != nullptr;
    return std::any_of(entry.versions.begin(), entry.versions.end(),
                       [&](auto const& v) { return v.tag() == version; });
}

/// Returns the entry that a url names, the one with the longest matching name, or null.
template <class Url, class Entry>
Entry const* find_listed(practicus::service_url const& service, Url const& url, std::vector<Entry> const& all)
{
    auto const text = url.str() + '/';
    Entry const* found = nullptr;
    std::size_t longest = 0;
    for (auto const& entry : all) {
        try {
            Url const own(service, entry.prefix.prefix, entry.name);
            auto const name = own.without_version();
            if (name.size() <= longest || !text.starts_with(name)) continue;
            longest = name.size();
            found = &entry;
        } catch (practicus::error const&) {
            // No url can name it.
        }
    }
    return found;
}

/// Returns the reason for which a listed service is not found; empty if the listing does not show it.
template <class Url, class Entry>
std::string why_missing(practicus::service_url const& service, Url const& url, std::vector<Entry> const& all)
{
    auto const* const entry = find_listed(service, url, all);
    if (entry == nullptr) return {};
    auto const runs = [](auto const& v) { return !v.deployment.key.empty() || !v.deployment.name.empty(); };
    auto const& versions = entry->versions;
    if (std::none_of(versions.begin(), versions.end(), runs))
        return "'" + entry->name + "' is listed, but has no deployment";
    if (has_version(*entry, url.version())) return {};
    std::string text = "'" + entry->name + "' is listed, but not with this version; it has";
    for (auto const& v : versions)
        text += ' ' + v.version + (v.stage.empty() ? "" : " (" + v.stage + ')') +
                (&v == &versions.back() ? "" : ",");
    return text;
}

} // namespace cli
