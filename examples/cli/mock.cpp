// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "../mock_region.hpp"
#include "command_line.hpp"

#include <practicus/mock/lz4.hpp>

namespace cli {

int mock(mock_arguments const& arguments)
{
    return serve_mock_region(arguments.port, arguments.ca_file, [&](practicus::mock::region& region) {
        region.add(practicus::mock::lz4_codec());
        if (arguments.no_usernames) {
            region.name_no_users().tokens(practicus::mock::token_shape::opaque);
            for (auto const* email : {"admin@sales.company.com", "admin@labs.company.com"})
                region.add(practicus::mock::user(email, "practicus"));
        }
        if (arguments.gzip) region.console_encoding("gzip");
        if (arguments.rotate) region.rotate(practicus::mock::rotation::blacklist_old);
        if (!arguments.one_time_password.empty())
            region.one_time_password("admin@company.com", arguments.one_time_password);
        if (arguments.max_body != 0) {
            namespace mock = practicus::mock;
            region.remove_model(43).add(mock::model(43, "loan-risk", {"models-finance", "models/finance"})
                                            .add(mock::version(431, 1, {"depl-small", "Small"}))
                                            .max_body(arguments.max_body));
        }
    });
}

} // namespace cli
