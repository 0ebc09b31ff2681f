# The warnings that practicus' own tests, examples and benchmarks are compiled with. For a user they do not exist.

add_library(practicus_warnings INTERFACE)
target_compile_options(practicus_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
target_compile_definitions(practicus_warnings INTERFACE BOOST_ASIO_NO_DEPRECATED)

# What g++ guesses after inlining is wrong too often to fail a build: 12 to 14 find fault with "text" + std::string, each at
# another level of optimisation. These are still shown.
target_compile_options(practicus_warnings INTERFACE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=array-bounds>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=maybe-uninitialized>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=restrict>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-overflow>
    $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-overread>)
