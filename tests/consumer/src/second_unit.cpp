// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus.hpp>

bool second_unit_sees(boost::system::error_code const& code);

bool second_unit_sees(boost::system::error_code const& code)
{
    return code == practicus::errc::forbidden && practicus::is_auth_error(code);
}
