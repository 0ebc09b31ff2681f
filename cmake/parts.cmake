# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# The parts that are built beside the headers. AUTO, the default at top level, leaves out a part with missing dependencies, with
# a message. With ON that is an error.

if(PROJECT_IS_TOP_LEVEL)
    set(practicus_default AUTO)
else()
    set(practicus_default OFF)
endif()
set(PRACTICUS_BUILD_TESTS ${practicus_default} CACHE STRING "Build the tests of practicus: ON, OFF or AUTO")
set(PRACTICUS_BUILD_EXAMPLES ${practicus_default} CACHE STRING "Build the examples of practicus: ON, OFF or AUTO")
set(PRACTICUS_BUILD_BENCHMARKS ${practicus_default} CACHE STRING "Build the benchmarks of practicus: ON, OFF or AUTO")

set(practicus_text_of_CLI11_FOUND "CLI11 (Debian: libcli11-dev)")
set(practicus_text_of_Catch2_FOUND "Catch2 2.13 or 3 (Debian: catch2)")
set(practicus_text_of_Python3_FOUND "Python 3 (Debian: python3)")
set(practicus_text_of_practicus_lz4 "lz4 (Debian: liblz4-dev)")
set(practicus_text_of_practicus_hiredis "hiredis (Debian: libhiredis-dev)")

# practicus_decide(OPTION WHAT FOUND...): turns the option off if it is AUTO and one of the variables FOUND is false.
function(practicus_decide option what)
    set(missing)
    foreach(found IN LISTS ARGN)
        if(NOT ${found})
            list(APPEND missing ${practicus_text_of_${found}})
        endif()
    endforeach()
    list(JOIN missing ", " missing)
    if(NOT ${option} OR NOT missing)
        return()
    endif()
    if(NOT ${option} STREQUAL "AUTO")
        message(FATAL_ERROR "practicus: ${what} need: ${missing}")
    endif()
    message(STATUS "practicus: without ${what}, which need: ${missing}")
    set(${option} OFF PARENT_SCOPE)
endfunction()

if(PRACTICUS_BUILD_TESTS OR PRACTICUS_BUILD_EXAMPLES OR PRACTICUS_BUILD_BENCHMARKS)
    find_package(CLI11 QUIET)
    find_package(Catch2 QUIET)
    find_package(Python3 QUIET COMPONENTS Interpreter)
    find_library(practicus_lz4 lz4)
endif()

# The store of tokens in Redis.
set(practicus_redis ${practicus_default})

# The command line, and the examples that have options.
set(practicus_command_line ${PRACTICUS_BUILD_EXAMPLES})
practicus_decide(practicus_command_line "the command line and the examples with options" CLI11_FOUND practicus_lz4)
practicus_decide(PRACTICUS_BUILD_TESTS "the tests" Catch2_FOUND Python3_FOUND practicus_lz4)
practicus_decide(PRACTICUS_BUILD_BENCHMARKS "the benchmarks" practicus_lz4)
