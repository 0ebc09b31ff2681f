#!/bin/sh
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# pkg_config/run.sh COMPILER PKG_CONFIG_DIR BUILD_DIR: compiles and runs the program with what pkg-config says.

set -eu
compiler=$1 build=$3
sources=$(cd "$(dirname "$0")/../src" && pwd)
export PKG_CONFIG_PATH="$2"

mkdir -p "$build"
cd "$build"
${CMAKE_CXX_COMPILER_LAUNCHER:-} "$compiler" ${CXXFLAGS:-} -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror \
    $(pkg-config --cflags practicus) -c "$sources/program.cpp" -o program.o
"$compiler" program.o -o program $(pkg-config --libs practicus)
./program
