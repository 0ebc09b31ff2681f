// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "fixture.hpp"

#include <atomic>
#include <memory>
#include <string_view>

/// Lets 6 of `period` POSTs below `prefix` fail, each in another transient way. A 429 has the `Retry-After`
/// of `pause`, or none for null.
inline void fail_often(practicus::mock::server& server, std::string_view prefix, int period,
                       char const* pause = nullptr)
{
    auto const calls = std::make_shared<std::atomic<int>>(0);
    server.inject([=](practicus::mock::request const& r) {
        practicus::mock::fault fault;
        if (r.method != "POST" || !std::string_view(r.target).starts_with(prefix)) return fault;
        switch (calls->fetch_add(1) % period) {
        case 3:
            fault.reply(429);
            if (pause != nullptr) fault.header("Retry-After", pause);
            break;
        case 7: fault.reply(503); break;
        case 11: fault.reply(401, R"({"detail":"no"})"); break;
        case 14: fault.cut_after(0); break;
        case 17: fault.cut_after_head(20); break;
        case 21: fault.reset_after(40); break;
        default: break;
        }
        return fault;
    });
}
