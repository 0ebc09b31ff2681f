# The repository and the hash of its release are filled in when the port is offered to the registry.
vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO practicus/practicus
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)

vcpkg_check_features(OUT_FEATURE_OPTIONS features FEATURES tools PRACTICUS_BUILD_EXAMPLES)

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${features}
        -DPRACTICUS_BUILD_TESTS=OFF
        -DPRACTICUS_BUILD_BENCHMARKS=OFF
        -DPRACTICUS_INSTALL=ON
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/practicus)
if("tools" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES practicus AUTO_CLEAN)
endif()

# Header-only.
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug" "${CURRENT_PACKAGES_DIR}/lib")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
