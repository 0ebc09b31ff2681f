// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// A shared library that keeps practicus to itself: everything hidden but these functions. See host.cpp.

#include <practicus/error.hpp>

extern "C" {

[[gnu::visibility("default")]] void plugin_error_code(boost::system::error_code& code)
{
    code = practicus::errc::unavailable;
}

[[gnu::visibility("default")]] bool plugin_knows(boost::system::error_code const& code)
{
    return code == practicus::errc::unavailable && practicus::is_retryable(code);
}

[[gnu::visibility("default")]] void plugin_throw()
{
    throw practicus::error(practicus::errc::not_found, "from the plugin");
}
}
