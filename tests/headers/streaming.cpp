// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
//
// Does not compile: streaming.py reads what the compiler says of each line.

#define PRACTICUS_SEPARATE_COMPILATION
#include <practicus.hpp>
#include <practicus/batch_job.hpp>

#include <iostream>
#include <sstream>
#include <vector>

using namespace practicus;

void stream(std::vector<model> const& models, std::vector<app_prefix> const& prefixes, addon const& one)
{
    std::cout << models;
    std::wcout << models;
    std::ostringstream() << models;
    std::cout << prefixes;
    std::cout << "the first: " << models.front();
    std::cout << one;
}

void stream(error const& failure, prediction const& answer, batch_progress const& so_far)
{
    std::cerr << failure;
    std::cerr << failure.info();
    std::cout << answer;
    std::ostringstream() << so_far;
}
