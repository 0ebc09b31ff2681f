// Copyright (c) 2026 The practicus authors
// Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#pragma once

#include "catch.hpp"

#include <filesystem>
#include <string>

#include <stdlib.h>

/// An empty folder with mode 0700, removed at the end of the test.
struct temporary_folder
{
    temporary_folder()
    {
        auto const temporary = std::filesystem::canonical(std::filesystem::temp_directory_path());
        auto pattern = (temporary / "practicus-test-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() { std::filesystem::remove_all(path); }

    std::filesystem::path path;
};
