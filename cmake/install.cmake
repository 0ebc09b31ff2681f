# Headers, package configuration and pkg-config file. All of it is independent of the architecture, so it lives in share.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(practicus_cmake_dir ${CMAKE_INSTALL_DATADIR}/cmake/practicus)
set(practicus_pc_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)

function(practicus_install_headers component)
    foreach(header IN LISTS ARGN)
        get_filename_component(folder ${header} DIRECTORY)
        install(FILES include/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder} COMPONENT ${component})
    endforeach()
endfunction()

practicus_install_headers(practicus ${practicus_headers})
practicus_install_headers(practicus_mock ${practicus_mock_headers})

install(TARGETS practicus EXPORT practicus_targets INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT practicus_targets FILE practicusTargets.cmake NAMESPACE practicus::
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus)
install(TARGETS practicus_mock EXPORT practicus_mock_targets)
install(EXPORT practicus_mock_targets FILE practicusMockTargets.cmake NAMESPACE practicus::
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus_mock)

configure_package_config_file(cmake/practicusConfig.cmake.in practicusConfig.cmake
    INSTALL_DESTINATION ${practicus_cmake_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(practicusConfigVersion.cmake COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES cmake/dependencies.cmake RENAME practicusDependencies.cmake
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus)
install(FILES cmake/compiled.cmake RENAME practicusCompiled.cmake
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus)
install(FILES cmake/redis.cmake RENAME practicusRedis.cmake
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus)
install(FILES ${PROJECT_BINARY_DIR}/practicusConfig.cmake ${PROJECT_BINARY_DIR}/practicusConfigVersion.cmake
    DESTINATION ${practicus_cmake_dir} COMPONENT practicus)

file(RELATIVE_PATH practicus_pc_to_prefix /prefix/${practicus_pc_dir} /prefix)
string(REGEX REPLACE "/$" "" practicus_pc_to_prefix "${practicus_pc_to_prefix}")
configure_file(cmake/practicus.pc.in practicus.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/practicus.pc DESTINATION ${practicus_pc_dir} COMPONENT practicus)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/practicus COMPONENT practicus)
