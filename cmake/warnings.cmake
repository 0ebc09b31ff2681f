# The warnings that practicus' own tests, examples and benchmarks are compiled with. For a user they do not exist.

add_library(practicus_warnings INTERFACE)
# An error only where somebody is there to mend it: not where a package of the command line is made.
target_compile_options(practicus_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    $<$<BOOL:${PRACTICUS_BUILD_TESTS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # It says so of Asio's coroutine frames, depending on what it inlines: they are freed as they were allocated.
    target_compile_options(practicus_warnings INTERFACE -Wno-mismatched-new-delete)
endif()
target_compile_definitions(practicus_warnings INTERFACE BOOST_ASIO_NO_DEPRECATED)
