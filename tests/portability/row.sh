#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# tests/portability/row.sh COMPILER [BOOST [ARGUMENT...]]
#
# Runs every test, optimised, with a compiler of this Debian (g++, g++-15, clang++, clang++-16), which it installs, and its
# Boost of that version (1.88; without or with "-" the default one); the arguments are those of tests/run.sh. The last line
# is a row of the table of tests/portability/table.sh. Builds anew: another compiler may have been here.

set -euo pipefail
cd "$(dirname "$0")/../.."
. cmake/packages.sh

compiler=${1:?which compiler}
boost=${2:--}
shift $(($# < 2 ? $# : 2))

package=${compiler/++/}
[ "${compiler#g++}" = "$compiler" ] || package=$compiler
export CXX=$compiler
# practicus/detail/base/config.hpp says why.
[ "$compiler" != clang++-16 ] || export CXXFLAGS=-DBOOST_ASIO_DISABLE_THREAD_KEYWORD_EXTENSION
[ "$boost" = - ] || export PRACTICUS_BOOST=$boost
practicus_install "the compiler of this row" "$compiler=$package" $practicus_build_packages $(practicus_boost_packages)

rm -rf build/release
mkdir -p build
result=0
tests/run.sh --preset release "$@" 2>&1 | tee build/row.log || result=$?

macro() { echo "#include <$2>" | $compiler -E -dM -x c++ - | sed -n "s/^#define $1 //p" | tr -d '"'; }
boost_version=$(macro BOOST_LIB_VERSION boost/version.hpp)
openssl_version=$(macro OPENSSL_VERSION_STR openssl/opensslv.h)
compiler_version=$($compiler -dumpfullversion 2>/dev/null || $compiler -dumpversion)
catch_version=$(dpkg-query -W -f '${Version}' catch2)
cmake_version=$(cmake --version | sed -n '1s/cmake version //p')
zlib_version=$(macro ZLIB_VERSION zlib.h)
counts=$(tail -n 1 build/row.log | grep ' passed, ' || echo "did not build")
echo "| ${compiler%%-*} $compiler_version | ${boost_version/_/.} \
| $openssl_version | $zlib_version | ${catch_version%%[+-]*} | $cmake_version | $counts |"
exit $result
