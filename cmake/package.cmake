# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# `cpack` makes two Debian packages: libpracticus-dev with the headers, the mock's too, and practicus with the command line
# (where the examples are built).

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "The practicus authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_STRIP_FILES ON)

# The Boost that it was configured with: Debian has more than one.
string(REGEX MATCH "^[0-9]+\\.[0-9]+" practicus_boost "${Boost_VERSION_STRING}")
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libpracticus-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libboost-json${practicus_boost}-dev, libboost-url${practicus_boost}-dev, libssl-dev, zlib1g-dev")
set(CPACK_DEBIAN_CLI_PACKAGE_NAME practicus)
set(CPACK_DEBIAN_CLI_PACKAGE_SECTION net)
set(CPACK_DEBIAN_CLI_PACKAGE_SHLIBDEPS ON)

set(CPACK_COMPONENTS_ALL practicus practicus_mock)
if(PRACTICUS_BUILD_EXAMPLES)
    list(APPEND CPACK_COMPONENTS_ALL cli)
endif()

include(CPack)
cpack_add_component_group(dev DESCRIPTION "C++20 client for Practicus AI on Boost.Asio: the headers, and a mock region")
cpack_add_component_group(cli DESCRIPTION "command line for Practicus AI: models, tokens and predictions")
cpack_add_component(practicus GROUP dev)
cpack_add_component(practicus_mock GROUP dev)
cpack_add_component(cli GROUP cli)
