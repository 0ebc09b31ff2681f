# The warnings for practicus' own tests, examples and benchmarks. They do not affect users.

add_library(practicus_warnings INTERFACE)
option(PRACTICUS_WARNINGS_AS_ERRORS "Warnings of practicus' own programs are errors" OFF)
target_compile_options(practicus_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    $<$<BOOL:${PRACTICUS_WARNINGS_AS_ERRORS}>:-Werror>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # A false warning on Asio's coroutine frames, which depends on inlining: they are freed as they were allocated.
    target_compile_options(practicus_warnings INTERFACE -Wno-mismatched-new-delete)
endif()
target_compile_definitions(practicus_warnings INTERFACE BOOST_ASIO_NO_DEPRECATED)
