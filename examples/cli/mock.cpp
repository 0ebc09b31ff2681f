// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../mock_region.hpp"
#include "command_line.hpp"

#include <practicus/mock/lz4.hpp>
#include <practicus/mock/prediction.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace cli {

namespace {

practicus::mock::model loan_risk(mock_arguments const& arguments)
{
    namespace mock = practicus::mock;
    mock::model made(43, "loan-risk", {"models-finance", "models/finance"},
                     {{431, 1, {"depl-small", "Small"}}});
    if (arguments.max_body != 0) made.max_body = arguments.max_body;
    if (arguments.cold_start != 0) {
        made.cold_start.emplace();
        made.cold_start->duration = std::chrono::seconds(arguments.cold_start);
        made.cold_start->from_mesh = true;
    }
    if (arguments.canary != 0) {
        made.versions.push_back({432, 2, {"depl-large", "Large"}});
        made.versions.front().weight = 100 - arguments.canary;
        made.versions.back().weight = arguments.canary;
    }
    if (!arguments.refuse.empty())
        made.predicts = [refused = arguments.refuse](mock::request const& r) {
            if (r.body.find(refused) == std::string::npos)
                return mock::response(200, "text/csv", mock::predict_csv(r.body));
            return mock::response(400, "application/json", R"({"detail":"a row is refused"})");
        };
    return made;
}

practicus::mock::openai_options chats(mock_arguments const& arguments)
{
    practicus::mock::openai_options result;
    result.first_token_delay = std::chrono::milliseconds(arguments.first_token_delay);
    result.token_delay = std::chrono::milliseconds(arguments.token_delay);
    return result;
}

void write_gateway_token(practicus::mock::region& region, std::string const& file)
{
    std::ofstream out(file, std::ios::binary | std::ios::trunc);
    out << region.issue(practicus::mock::token_type::gateway, "admin@company.com", 0,
                        std::chrono::hours(24 * 365))
        << '\n';
    if (!out.flush()) throw std::runtime_error("the gateway's token cannot be written: " + file);
}

/// The fault of each `every`th call of a model or an app, each time another one; none for others.
std::function<practicus::mock::fault(practicus::mock::request const&)> fail_each(unsigned every)
{
    return [every, calls = std::make_shared<std::atomic<std::uint64_t>>(0)](auto const& request) {
        practicus::mock::fault fault;
        if (std::string_view(request.target).starts_with("/console/")) return fault;
        auto const call = calls->fetch_add(1) + 1;
        if (call % every != 0) return fault;
        switch (call / every % 6) {
        case 0: return fault.reply(503);
        case 1: return fault.reply(429).header("Retry-After", "1");
        case 2: return fault.reply(401, R"({"detail":"no"})");
        case 3: return fault.cut_after(0);
        case 4: return fault.cut_after_head(20);
        default: return fault.reset_after(40);
        }
    };
}

void prepare(practicus::mock::region& region, mock_arguments const& arguments)
{
    region.add(practicus::mock::lz4_codec());
    if (arguments.no_usernames) {
        region.configure([&](auto& s) {
            s.username_at_login = s.username_at_refresh = s.username_in_tokens = false;
            s.tokens = practicus::mock::token_shape::opaque;
        });
        for (auto const* email : {"admin@sales.company.com", "admin@labs.company.com"})
            region.add(practicus::mock::user(email, "practicus"));
    }
    if (arguments.gzip) region.configure([&](auto& s) { s.console_encoding = "gzip"; });
    if (arguments.rotate)
        region.configure([&](auto& s) { s.rotation = practicus::mock::rotation::blacklist_old; });
    if (!arguments.one_time_password.empty())
        region.one_time_password("admin@company.com", arguments.one_time_password);
    if (!arguments.gateway_token.empty()) write_gateway_token(region, arguments.gateway_token);
    bool const is_changed = arguments.max_body != 0 || !arguments.refuse.empty() ||
                            arguments.cold_start != 0 || arguments.canary != 0;
    if (is_changed) region.remove_model(43).add(loan_risk(arguments));
}

} // namespace

int mock(mock_arguments const& arguments)
{
    return serve_mock_region(
        arguments.port, arguments.ca_file,
        [&](practicus::mock::server& server) {
            prepare(server.region(), arguments);
            if (arguments.fail_every != 0) server.inject(fail_each(arguments.fail_every));
        },
        chats(arguments));
}

} // namespace cli
