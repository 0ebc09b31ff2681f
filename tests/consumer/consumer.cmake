# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# What the consumers have in common: the sources, and warnings that reach the headers of practicus. No C++ standard is
# set, as the target brings it.

set(CMAKE_NO_SYSTEM_FROM_IMPORTED ON)
add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)

set(consumer_sources ${CMAKE_CURRENT_LIST_DIR}/src)

enable_testing()
add_executable(program ${consumer_sources}/program.cpp)
target_link_libraries(program PRIVATE practicus::practicus)
add_test(NAME program COMMAND program)

# The whole client takes long to compile, so not each consumer does it.
function(consumer_compiled)
    add_executable(separate ${consumer_sources}/separate_program.cpp)
    target_link_libraries(separate PRIVATE practicus::compiled)
    add_test(NAME separate COMMAND separate)
endfunction()
