# practicus::compiled, and practicus::compiled_mock where practicus::mock is: the client and the mock region as static
# libraries of the project that links them, with its flags. The files that link one compile faster: they have declarations
# alone. They are in no export set: a static library that is exported cannot link them. Included by practicus itself and, installed, by the package's configuration.

function(practicus_add_compiled name header)
    if(TARGET practicus_${name})
        return()
    endif()
    set(source ${CMAKE_CURRENT_BINARY_DIR}/practicus_${name}.cpp)
    file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n")
    add_library(practicus_${name} STATIC EXCLUDE_FROM_ALL ${source})
    add_library(practicus::${name} ALIAS practicus_${name})
    # A shared library may link it, too.
    set_target_properties(practicus_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(practicus_${name} PUBLIC PRACTICUS_SEPARATE_COMPILATION)
    target_link_libraries(practicus_${name} PUBLIC ${ARGN})
endfunction()

practicus_add_compiled(compiled practicus/src.hpp practicus::practicus)
if(TARGET practicus::mock)
    practicus_add_compiled(compiled_mock practicus/mock/src.hpp practicus::compiled practicus::mock)
endif()
