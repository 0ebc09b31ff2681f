# practicus_add_test(NAME COMMAND command... [TIMEOUT seconds] [SKIPPABLE] [PROPERTIES name value...])
#
# Adds a ctest entry with the common properties: a time limit (180 s, times PRACTICUS_TEST_TIMEOUT_FACTOR under a sanitizer)
# and the sanitizers' options. SKIPPABLE: exit code 77 means skipped. A Catch2 program is never skippable, as its exit
# code counts failures.

set(PRACTICUS_TEST_TIMEOUT_FACTOR 1 CACHE STRING "What the time limits of practicus' tests are multiplied by")

set(practicus_sanitizer_environment
    "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1:handle_segv=2:handle_abort=2"
    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1:suppressions=${PROJECT_SOURCE_DIR}/tests/tsan.supp")

# Nothing of the developer's own region.
set(practicus_test_environment)
foreach(variable IN ITEMS
        PRT_URL PRT_TOKEN PRT_SESSION_TOKEN PRT_SESSION_TOKEN_FILE PRT_EMAIL PRT_PASSWORD PRACTICUS_TOKEN_STORE
        PRACTICUS_TOKEN_STORE_KEY)
    list(APPEND practicus_test_environment "${variable}=unset:")
endforeach()

function(practicus_add_test name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SKIPPABLE" "TIMEOUT" "COMMAND;PROPERTIES")
    if(NOT arg_TIMEOUT)
        set(arg_TIMEOUT 180)
    endif()
    math(EXPR timeout "${arg_TIMEOUT} * ${PRACTICUS_TEST_TIMEOUT_FACTOR}")
    add_test(NAME ${name} COMMAND ${arg_COMMAND})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${timeout} ENVIRONMENT "${practicus_sanitizer_environment}"
        ENVIRONMENT_MODIFICATION "${practicus_test_environment}" ${arg_PROPERTIES})
    if(arg_SKIPPABLE)
        set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
    endif()
endfunction()
