# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# cmake -D project=DIR -D build=DIR [-D options=...] -P run.cmake
#
# Configures and builds a consumer from nothing, and runs its programs.

function(run)
    execute_process(COMMAND ${ARGN} RESULT_VARIABLE result)
    if(result)
        message(FATAL_ERROR "failed: ${ARGN}")
    endif()
endfunction()

file(REMOVE_RECURSE ${build})
run(${CMAKE_COMMAND} -S ${project} -B ${build} -G ${generator} -D CMAKE_CXX_COMPILER=${compiler} ${options})
run(${CMAKE_COMMAND} --build ${build} --parallel 1) # ctest already runs several at once
run(${CMAKE_CTEST_COMMAND} --test-dir ${build} --output-on-failure --no-tests=error)
