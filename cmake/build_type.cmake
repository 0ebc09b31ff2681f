# A program without a build type is not optimised: the command line then takes seven times the processor time.

get_property(practicus_has_configurations GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(NOT CMAKE_BUILD_TYPE AND NOT practicus_has_configurations)
    message(STATUS "practicus: no CMAKE_BUILD_TYPE is given, so it is Release")
    set(CMAKE_BUILD_TYPE Release CACHE STRING "Debug, Release, RelWithDebInfo or MinSizeRel" FORCE)
endif()
