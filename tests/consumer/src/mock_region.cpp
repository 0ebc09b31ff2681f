// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

#include <practicus/mock/server.hpp>

int main()
{
    practicus::mock::server const region;
    return region.url().starts_with("http://127.0.0.1:") ? 0 : 1;
}
