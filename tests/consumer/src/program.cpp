// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

// The least that a user's program does: it names an error and reads a url.

#include <practicus.hpp>

#include <iostream>

int main()
{
    practicus::service_url const service{"https://practicus.company.com"};
    practicus::model_url const model{service, "models/practicus", "diamond-price"};
    practicus::error const error{practicus::errc::not_found, "diamond-price"};

    std::cout << model.str() << ": " << error.what() << '\n';
    return error.code() == practicus::errc::not_found ? 0 : 1;
}
