// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"

#include <practicus/detail/pool_set.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

using namespace practicus::detail;

TEST_CASE("pool_set: pools of origins that single calls trusted are given up")
{
    boost::asio::io_context io;
    auto const home = runtime::make(io.get_executor());
    auto const options = std::make_shared<practicus::client_options const>();
    auto const pools = pool_set::make(std::make_shared<dialler>(home, options));
    auto const used = pools->of(practicus::origin("http://127.0.0.1:1"));
    for (int i = 2; i != 5000; ++i)
        pools->of(practicus::origin("http://127.0.0.1:" + std::to_string(i)));
    CHECK(pools->size() <= pool_set::many);
    CHECK(pools->of(practicus::origin("http://127.0.0.1:1")) == used);
}
