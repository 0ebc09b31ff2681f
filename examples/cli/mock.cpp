// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../mock_region.hpp"
#include "command_line.hpp"

#include <practicus/mock/lz4.hpp>
#include <practicus/mock/prediction.hpp>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <string>

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
        [&](practicus::mock::region& region) { prepare(region, arguments); }, chats(arguments));
}

} // namespace cli
