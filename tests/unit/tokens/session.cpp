// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include "catch.hpp"
#include "unit/freed_memory.hpp"

#include <practicus/detail/tokens/session.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <optional>
#include <utility>

using namespace practicus::detail;
using practicus::client_options;
using practicus::credentials;
using practicus::service_url;

TEST_CASE("a logout lets go of the last copy of a password that is kept")
{
    boost::asio::io_context io;
    std::optional<credentials> who =
        credentials::password("anna@company.com", "hunter2 and more").keep_password();
    freed_memory const memory("hunter2 and more", who->value().reveal().data());
    std::shared_ptr<session> made;
    {
        client_options options;
        options.credentials = *who;
        who.reset();
        made = std::make_shared<session>(runtime::make(io.get_executor()), service_url("http://127.0.0.1:1"),
                                         std::move(options));
    }
    CHECK_FALSE(memory.block_freed());
    made->access().logout();
    CHECK(memory.block_freed());
    CHECK(memory.found() == 0);
}
