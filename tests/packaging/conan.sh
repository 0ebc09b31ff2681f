#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Makes the Conan package from packaging/conan, with the recipe's own test, and uses it.
#
#   conan.sh SOURCE_DIR COMPILER BUILD_DIR
#
# ConanCenter is not asked: standins/ offers the system's libraries under ConanCenter's names. Conan is installed once, into
# BUILD_DIR/venv. Where that cannot be had, or the libraries are elsewhere, the exit code is 77, and a line says why.
set -euo pipefail

source_dir=$(cd "$1" && pwd) compiler=$2 build=$3
here=$(cd "$(dirname "$0")" && pwd)
package=conan==2.34.0

skip() {
    echo "SKIPPED: conan: $1"
    exit 77
}

mkdir -p "$build"
build=$(cd "$build" && pwd)
venv=$build/venv work=$build/work
rm -rf "$work"
mkdir "$work"
cd "$work" # where Conan leaves a CMakeUserPresets.json

# The versions of what is installed. The recipe's ranges are checked with them.
versions=$("$compiler" -E -P -x c++ - <<'CODE' 2>"$work/versions.log"
#include <boost/url.hpp>
#include <boost/version.hpp>
#include <lz4.h>
#include <openssl/opensslv.h>
#include <zlib.h>
version boost BOOST_LIB_VERSION
version openssl OPENSSL_VERSION_STR
version zlib ZLIB_VERSION
version lz4 LZ4_VERSION_MAJOR LZ4_VERSION_MINOR LZ4_VERSION_RELEASE
CODE
) || skip "the compiler does not find the libraries: $(head -n 1 "$work/versions.log")"
version_of() {
    sed -n "s/^version $1 //p" <<< "$versions" | tr -d '"' | tr '_ ' '..'
}

if [ ! -f "$venv/complete" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv" > "$work/venv.log" 2>&1 || skip "Python can make no virtual environment (python3-venv)"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "$package" > "$work/pip.log" 2>&1 || {
        tail -n 3 "$work/pip.log"
        skip "$package cannot be installed from the package index"
    }
    touch "$venv/complete"
fi

# A cache and a profile of its own: neither the user's settings nor the user's packages take part.
export CONAN_HOME=$build/home
rm -rf "$CONAN_HOME"
conan=$venv/bin/conan
CC='' CXX=$compiler "$conan" profile detect --name default > "$work/profile.log" 2>&1 || { cat "$work/profile.log"; exit 1; }
generator="Unix Makefiles"
! command -v ninja > /dev/null || generator=Ninja
settings=(--no-remote --settings compiler.cppstd=20 --settings build_type=Release
    --conf "tools.build:compiler_executables={'cpp': '$compiler'}" --conf "tools.cmake.cmaketoolchain:generator=$generator"
    --conf tools.build:jobs=1) # ctest runs several at once

for library in boost openssl zlib lz4; do
    "$conan" export "$here/standins" --name $library --version "$(version_of $library)" > "$work/export.log" 2>&1 || {
        cat "$work/export.log"
        exit 1
    }
done

# The archive has one folder, as those of releases have, and only what a release needs.
version=$(sed -n 's/^ *VERSION \([0-9.]*\)$/\1/p' "$source_dir/CMakeLists.txt")
archive=$work/practicus-$version.tar.gz
tar -C "$source_dir" -czf "$archive" --transform "s,^,practicus-$version/," CMakeLists.txt LICENSE cmake include

# A copy of the recipe takes this archive for the release.
recipe=$work/recipe
cp -R "$source_dir/packaging/conan/recipes/practicus/all" "$recipe"
sed -i -e "s,^\( *url:\).*,\1 \"file://$archive\"," \
    -e "s,^\( *sha256:\).*,\1 \"$(sha256sum "$archive" | cut -d ' ' -f 1)\"," "$recipe/conandata.yml"
grep -q "^ *\"$version\":" "$recipe/conandata.yml" &&
    grep -q "^ *\"$version\":" "$source_dir/packaging/conan/recipes/practicus/config.yml" || {
    echo "conandata.yml or config.yml lacks version $version"
    exit 1
}

echo "=== the package, and its test"
"$conan" create "$recipe" --version "$version" --build missing "${settings[@]}"

use() {
    "$conan" install --requires "practicus/$version" --generator CMakeDeps --generator CMakeToolchain \
        --output-folder "$work/$1" "${settings[@]}" "${@:2}"
    cmake -S "$here/consumer" -B "$work/$1/build" -G "$generator" -D CMAKE_BUILD_TYPE=Release \
        -D CMAKE_TOOLCHAIN_FILE="$work/$1/conan_toolchain.cmake"
}

echo "=== a project that uses it"
use with_lz4
cmake --build "$work/with_lz4/build"
"$work/with_lz4/build/consumer"
"$work/with_lz4/build/separate"

# Without lz4 the files are the same, so the package is, too: only what a user links changes.
echo "=== without lz4"
use without_lz4 --options 'practicus/*:with_lz4=False'
[ -f "$work/with_lz4/lz4-config.cmake" ] && [ ! -f "$work/without_lz4/lz4-config.cmake" ] || {
    echo "with_lz4 does not decide whether lz4 is there"
    exit 1
}

echo "=== a Boost without JSON is refused"
if "$conan" install --requires "practicus/$version" "${settings[@]}" --build missing \
    --options 'boost/*:without_json=True' > "$work/refused.log" 2>&1; then
    echo "it is not"
    exit 1
fi
grep 'Invalid' "$work/refused.log"
