# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Run by cpack on the files of each package: adds the files that Debian requires and a plain installation lacks.

function(practicus_write file text)
    file(WRITE ${file} "${text}")
    file(CHMOD ${file} PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
endfunction()

function(practicus_compress file)
    execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(READ ${CPACK_RESOURCE_FILE_LICENSE} license)
foreach(group_package IN ITEMS dev=libpracticus-dev cli=practicus)
    string(REPLACE "=" ";" group_package ${group_package})
    list(GET group_package 0 group)
    list(GET group_package 1 package)
    set(share ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${group}${CPACK_PACKAGING_INSTALL_PREFIX}/share)
    if(NOT EXISTS ${share})
        continue()
    endif()
    set(doc ${share}/doc/${package})
    practicus_write(${doc}/copyright "${CPACK_PACKAGE_HOMEPAGE_URL}\nCopyright (c) 2026 The practicus authors\n\n${license}")
    practicus_write(${doc}/changelog "practicus (${CPACK_PACKAGE_VERSION}) unstable; urgency=medium

  * Made by cpack from the sources of this version.

 -- ${CPACK_PACKAGE_CONTACT}  Thu, 01 Jan 2026 00:00:00 +0000
")
    practicus_compress(${doc}/changelog)
    file(GLOB manuals ${share}/man/*/*.1)
    foreach(manual IN LISTS manuals)
        practicus_compress(${manual})
    endforeach()
endforeach()
