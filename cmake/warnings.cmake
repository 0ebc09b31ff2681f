# The warnings that practicus' own tests, examples and benchmarks are compiled with. For a user they do not exist.

add_library(practicus_warnings INTERFACE)
target_compile_options(practicus_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
target_compile_definitions(practicus_warnings INTERFACE BOOST_ASIO_NO_DEPRECATED)
