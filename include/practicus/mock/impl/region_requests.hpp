// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/impl/region_console.hpp>
#include <practicus/mock/region.hpp>

namespace practicus { inline namespace v1 { namespace mock {

inline void region::violate(call const& c, std::string_view what)
{
    if (violations_.size() < 1000)
        violations_.push_back(c.r.method + ' ' + std::string(c.r.path()) + ": " + std::string(what));
}

inline void region::add_violation(std::string what)
{
    std::lock_guard lock(mutex_);
    if (violations_.size() < 1000) violations_.push_back(std::move(what));
}

inline response region::handle(request const& r)
{
    call c(r);
    std::unique_lock lock(mutex_);
    auto date = detail::http_date(now_locked());
    auto result = answer(c);
    if (c.later) {
        lock.unlock();
        try {
            result = c.later();
        } catch (std::exception const&) {
            result = {500, "text/html", "<h1>Server Error (500)</h1>"};
        }
        lock.lock();
    }
    encode_console(r, result);
    ++statuses_[result.status];
    if (!result.headers.contains("Date")) result.headers.add("Date", date);
    return result;
}

inline void region::encode_console(request const& r, response& result) const
{
    auto const found = codecs_.find(settings_.console_encoding);
    bool const is_console =
        r.path().starts_with(base_) && r.path().substr(base_.size()).starts_with("console/api/");
    if (found == codecs_.end() || !is_console || result.body.empty()) return;
    auto list = r.headers["Accept-Encoding"];
    while (!list.empty()) {
        auto const one = list.substr(0, list.find(','));
        list.remove_prefix(std::min(list.size(), one.size() + 1));
        auto const begin = std::min(one.find_first_not_of(" \t"), one.size());
        if (one.substr(begin, one.find_first_of(" \t;", begin) - begin) != settings_.console_encoding)
            continue;
        result.body = found->second->encode(result.body);
        result.pieces.clear();
        result.header("Content-Encoding", settings_.console_encoding);
        return;
    }
}

inline void region::record(request const& r, bool whole)
{
    std::lock_guard lock(mutex_);
    ++total_;
    ++counts_[key_of(r)];
    if (whole) check_framing(call(r));
}

inline std::string region::key_of(request const& r) const
{
    auto path = r.path();
    if (!path.starts_with(base_)) return "other";
    path.remove_prefix(base_.size());
    constexpr std::string_view api = "console/api/";
    if (!path.starts_with(api)) return service_key(r, path);
    path.remove_prefix(api.size());
    for (auto const& known : endpoints())
        if (known.path == path && known.method == r.method) return r.method + ' ' + std::string(path);
    return "other";
}

inline std::string region::service_key(request const& r, std::string_view path) const
{
    auto const found = resolve(path);
    bool const plain = found.rest.empty();
    if (found.through) return r.method + " gateway";
    if (found.api) {
        bool const asks = r.method == "GET" && (plain || r.query() == "prt_sys_task=meta");
        return asks ? "GET app-meta" : r.method + " app-call";
    }
    if (!found.hosted_model || (plain && r.method != "GET" && r.method != "POST")) return "other";
    return plain && r.method == "GET" && r.body.empty() ? "GET model-meta" : r.method + " predict";
}

inline void region::check_framing(call const& c)
{
    static constexpr std::string_view single[] = {"Host",           "Authorization",     "Content-Type",
                                                  "Content-Length", "Transfer-Encoding", "Content-Encoding",
                                                  "User-Agent",     "Connection",        "Accept",
                                                  "Expect",         "Accept-Encoding"};
    auto const& h = c.r.headers;
    for (auto name : single)
        if (h.count(name) > 1) violate(c, "the field " + std::string(name) + " comes more than once");
    if (!h.contains("Host")) violate(c, "no Host");
    check_lengths(c);
    if (c.r.body.empty() && h.contains("Content-Type")) violate(c, "a Content-Type without a body");
}

inline void region::check_lengths(call const& c)
{
    auto const& h = c.r.headers;
    bool const sized = h.contains("Content-Length"), chunked = h.contains("Transfer-Encoding");
    if (sized && chunked) violate(c, "both Content-Length and Transfer-Encoding");
    if (sized && h["Content-Length"] != std::to_string(c.r.body.size()))
        violate(c, "a Content-Length that is not the body's");
    if (sized || chunked) return;
    if (!c.r.body.empty()) violate(c, "a body without Content-Length");
    if (c.r.method == "POST") violate(c, "a POST without Content-Length");
}

inline response region::answer(call& c)
{
    ++total_;
    auto key = key_of(c.r);
    ++counts_[key];
    check_framing(c);
    auto path = c.r.path();
    if (c.r.headers.count("Host") != 1 || c.r.headers.count("Content-Length") > 1)
        return {400, "text/html", "<h1>Bad Request (400)</h1>"};
    if (forbidden_.contains(key))
        return detail::replies::problem(403, "You do not have permission to perform this action.");
    if (path.starts_with(base_)) {
        c.path = path.substr(base_.size());
        if (c.path.starts_with("console/api/")) return console(c);
        return service(c);
    }
    violate(c, "a path outside the region's service url");
    return detail::replies::not_found_page();
}

}}} // namespace practicus::v1::mock
