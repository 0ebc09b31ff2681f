// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// One of two translation units that both include everything: defining anything twice would be the linker's
// error.

#include <practicus.hpp>

bool second_unit_sees(boost::system::error_code const& code);

int main()
{
    return second_unit_sees(practicus::make_error_code(practicus::errc::forbidden)) ? 0 : 1;
}
