# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Client and mock, compiled once for all that link them, instead of in each of their files.
add_library(practicus_separate STATIC EXCLUDE_FROM_ALL examples/separate.cpp)
target_compile_definitions(practicus_separate PUBLIC PRACTICUS_SEPARATE_COMPILATION)
target_link_libraries(practicus_separate PUBLIC practicus::practicus PRIVATE practicus_warnings)

add_library(practicus_mock_separate STATIC EXCLUDE_FROM_ALL examples/mock_separate.cpp)
target_link_libraries(practicus_mock_separate PUBLIC practicus_separate practicus::mock PRIVATE practicus_warnings)
