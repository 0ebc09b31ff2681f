# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# `cpack` makes two Debian packages: libpracticus-dev with the headers, the mock's too, and practicus with the command line
# (where it is built).

set(CPACK_GENERATOR DEB)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PACKAGE_CONTACT "The practicus authors <practicus@users.noreply.github.com>")
set(CPACK_PACKAGE_HOMEPAGE_URL "https://github.com/practicus/practicus")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

# Builds only the packaged targets. By default CMake builds all, for the target `package`, and for cpack with Makefiles.
set(CPACK_PROJECT_CONFIG_FILE ${PROJECT_SOURCE_DIR}/cmake/prepare_package.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/finish_package.cmake)
set(CPACK_PRACTICUS_BUILD ${PROJECT_BINARY_DIR})
if(practicus_command_line)
    set(CPACK_PRACTICUS_TARGET practicus_cli)
endif()
set(CPACK_CMAKE_GENERATOR Ninja)
set(CMAKE_SKIP_PACKAGE_ALL_DEPENDENCY ON)

# The Boost that it was configured with: Debian has more than one.
string(REGEX MATCH "^[0-9]+\\.[0-9]+" practicus_boost "${Boost_VERSION_STRING}")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libpracticus-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libboost-json${practicus_boost}-dev, libboost-url${practicus_boost}-dev, libssl-dev, zlib1g-dev")
set(CPACK_DEBIAN_DEV_PACKAGE_SUGGESTS "libhiredis-dev, liblz4-dev")
set(CPACK_DEBIAN_CLI_PACKAGE_NAME practicus)
set(CPACK_DEBIAN_CLI_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CLI_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_CLI_PACKAGE_RECOMMENDS ca-certificates)
set(CPACK_DEBIAN_DEV_DESCRIPTION "The headers of a client with coroutines: logins, lists, session tokens and
predictions; and a mock region for tests.")
set(CPACK_DEBIAN_CLI_DESCRIPTION "The command line: it logs in to regions, lists their models and apps, prints
session tokens, and sends CSV files through models.")

set(CPACK_COMPONENTS_ALL practicus practicus_mock)
if(practicus_command_line)
    list(APPEND CPACK_COMPONENTS_ALL cli)
endif()

include(CPack)
cpack_add_component_group(dev)
cpack_add_component_group(cli)
cpack_add_component(practicus GROUP dev)
cpack_add_component(practicus_mock GROUP dev)
cpack_add_component(cli GROUP cli)
