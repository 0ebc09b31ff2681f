# Finds the dependencies of practicus, for this build and, installed beside the package's configuration, for its users.
# Sets `practicus_missing`: the names of missing dependencies and of their Debian packages, or an empty text.

set(practicus_missing "")

if(NOT TARGET Boost::json OR NOT TARGET Boost::url)
    # Boost's own configuration first: the FindBoost module of CMake knows no library younger than itself. The module is
    # for a Boost that was installed without its configuration.
    if(NOT Boost_NO_BOOST_CMAKE)
        find_package(Boost 1.81 QUIET CONFIG COMPONENTS json url)
    endif()
    if(NOT Boost_FOUND)
        if(POLICY CMP0167)
            cmake_policy(SET CMP0167 OLD)
        endif()
        set(Boost_NO_WARN_NEW_VERSIONS ON)
        set(_Boost_URL_HEADERS boost/url.hpp) # not known to the module, which warns then
        find_package(Boost 1.81 QUIET MODULE COMPONENTS json url)
        unset(_Boost_URL_HEADERS)
        unset(Boost_NO_WARN_NEW_VERSIONS)
    endif()
    if(NOT TARGET Boost::json OR NOT TARGET Boost::url)
        string(APPEND practicus_missing
            "\n  Boost 1.81 or newer with json and url"
            " (Debian 12: libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev;"
            " newer: libboost-dev libboost-json-dev libboost-url-dev)")
    endif()
endif()

find_package(OpenSSL 3.0 QUIET)
if(NOT TARGET OpenSSL::SSL)
    string(APPEND practicus_missing "\n  OpenSSL 3.0 or newer (Debian: libssl-dev)")
endif()

find_package(ZLIB QUIET)
if(NOT TARGET ZLIB::ZLIB)
    string(APPEND practicus_missing "\n  zlib (Debian: zlib1g-dev)")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads QUIET)
if(NOT TARGET Threads::Threads)
    string(APPEND practicus_missing "\n  a thread library (Debian: libc6-dev)")
endif()
