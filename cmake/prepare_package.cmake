# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Run by cpack first: fails if a Debian package would be incomplete, and builds the packaged targets.

set(missing)
if(CPACK_GENERATOR MATCHES "DEB")
    set(practicus_needed dpkg-shlibdeps=dpkg-dev file=file gzip=gzip)
endif()
foreach(program_package IN LISTS practicus_needed)
    string(REPLACE "=" ";" program_package ${program_package})
    list(GET program_package 0 program)
    list(GET program_package 1 package)
    execute_process(COMMAND ${program} --version RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
    if(result)
        string(APPEND missing "\n  ${program} (Debian: ${package})")
    endif()
endforeach()
if(missing)
    message(FATAL_ERROR "A Debian package that names its dependencies needs:${missing}")
endif()

if(CPACK_PRACTICUS_TARGET)
    execute_process(COMMAND ${CMAKE_COMMAND} --build ${CPACK_PRACTICUS_BUILD} --target ${CPACK_PRACTICUS_TARGET}
        COMMAND_ERROR_IS_FATAL ANY)
endif()
