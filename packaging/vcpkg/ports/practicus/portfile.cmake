# The repository and the hash of its release are filled in when the port is offered to the registry.
vcpkg_from_github(
    OUT_SOURCE_PATH SOURCE_PATH
    REPO practicus/practicus
    REF "v${VERSION}"
    SHA512 0
    HEAD_REF main
)

vcpkg_check_features(OUT_FEATURE_OPTIONS FEATURE_OPTIONS
    FEATURES
        tools PRACTICUS_BUILD_EXAMPLES
)

set(VCPKG_BUILD_TYPE release) # header-only

vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        ${FEATURE_OPTIONS}
        -DPRACTICUS_BUILD_TESTS=OFF
        -DPRACTICUS_BUILD_BENCHMARKS=OFF
        -DPRACTICUS_INSTALL=ON
        # Of the examples, only the command line is built.
        -DCMAKE_SKIP_INSTALL_ALL_DEPENDENCY=ON
)
if("tools" IN_LIST FEATURES)
    vcpkg_cmake_build(TARGET practicus_cli)
endif()
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/practicus)
if("tools" IN_LIST FEATURES)
    vcpkg_copy_tools(TOOL_NAMES practicus AUTO_CLEAN)
endif()

# It names libraries, so the registry wants it here.
file(MAKE_DIRECTORY "${CURRENT_PACKAGES_DIR}/lib")
file(RENAME "${CURRENT_PACKAGES_DIR}/share/pkgconfig" "${CURRENT_PACKAGES_DIR}/lib/pkgconfig")
vcpkg_fixup_pkgconfig()

file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/share/licenses")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
