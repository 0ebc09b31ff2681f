// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../mock_region.hpp"
#include "command_line.hpp"

#include <practicus/mock/lz4.hpp>
#include <practicus/mock/prediction.hpp>

namespace cli {

namespace {

practicus::mock::model loan_risk(mock_arguments const& arguments)
{
    namespace mock = practicus::mock;
    mock::model made(43, "loan-risk", {"models-finance", "models/finance"},
                     {{431, 1, {"depl-small", "Small"}}});
    if (arguments.max_body != 0) made.max_body = arguments.max_body;
    if (!arguments.refuse.empty())
        made.predicts = [refused = arguments.refuse](mock::request const& r) {
            if (r.body.find(refused) == std::string::npos)
                return mock::response(200, "text/csv", mock::predict_csv(r.body));
            return mock::response(400, "application/json", R"({"detail":"a row is refused"})");
        };
    return made;
}

} // namespace

int mock(mock_arguments const& arguments)
{
    return serve_mock_region(arguments.port, arguments.ca_file, [&](practicus::mock::region& region) {
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
        if (arguments.max_body != 0 || !arguments.refuse.empty())
            region.remove_model(43).add(loan_risk(arguments));
    });
}

} // namespace cli
