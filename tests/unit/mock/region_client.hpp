// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include <practicus/mock/console.hpp>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// A demo region whose time stands still, and the requests of a good client.
struct region_client
{
    using strings = std::vector<std::string>;

    region_client()
    {
        using namespace std::chrono;
        region.add_demo();
        region.configure([&](auto& s) {
            s.clock = [] { return system_clock::time_point(sys_days(year(2026) / 1 / 5) + hours(12)); };
        });
    }

    static practicus::mock::request console(std::string_view method, std::string_view path)
    {
        practicus::mock::request result(method, "/console/api/" + std::string(path));
        return result.header("Host", "practicus.company.com");
    }

    static practicus::mock::request get(std::string_view target)
    {
        return practicus::mock::request("GET", target).header("Host", "practicus.company.com");
    }

    static practicus::mock::request post(std::string_view target)
    {
        return practicus::mock::request("POST", target).header("Host", "practicus.company.com");
    }

    static boost::json::value json(practicus::mock::response const& r) { return boost::json::parse(r.body); }

    static std::string text(practicus::mock::response const& r, std::string_view field)
    {
        return std::string(json(r).at(field).as_string());
    }

    practicus::mock::response
    login(std::string_view body = R"({"email":"admin@company.com","password":"practicus"})")
    {
        return region.handle(console("POST", "auth/").json(body));
    }

    practicus::mock::response refresh(std::string const& token)
    {
        return region.handle(
            console("POST", "auth/refresh/").bearer(token).json("{\"refresh\":\"" + token + "\"}"));
    }

    std::string access() { return region.issue(practicus::mock::token_type::access, "admin@company.com"); }
    std::string session(std::int64_t id)
    {
        return region.issue(practicus::mock::token_type::session, "admin@company.com", id);
    }

    practicus::mock::response list(std::string_view path)
    {
        return region.handle(console("GET", path).bearer(access()));
    }

    practicus::mock::region region;
};
