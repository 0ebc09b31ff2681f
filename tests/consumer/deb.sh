#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# deb.sh BUILD_FOLDER COMPILER: makes the Debian packages, installs them into a system of their own (a folder), and uses
# what they bring: the command line, its manual page and completions, the headers by pkg-config. Without dpkg: 77.

set -euo pipefail
build=$1 compiler=$2
for needed in dpkg-deb dpkg-shlibdeps pkg-config; do
    command -v $needed >/dev/null || { echo "SKIPPED: Debian packages: there is no $needed" && exit 77; }
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cpack --config "$build/CPackConfig.cmake" -B "$scratch/packages" > "$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }
cd "$scratch/packages"
version=$(sed -n 's/^set(CPACK_PACKAGE_VERSION "\(.*\)")/\1/p' "$build/CPackConfig.cmake")
architecture=$(dpkg --print-architecture)
dev=libpracticus-dev_${version}_all.deb cli=practicus_${version}_$architecture.deb
[ -f $dev ] && [ -f $cli ] || { ls && exit 1; }
dpkg-deb --field $dev Depends | grep -q 'libboost-json[0-9.]*-dev, .*libssl-dev'
dpkg-deb --field $cli Depends | grep -q 'libssl3'

system=$scratch/system
mkdir -p "$system/var/lib/dpkg/info" "$system/var/lib/dpkg/updates" "$system/var/lib/dpkg/triggers"
touch "$system/var/lib/dpkg/status" "$system/var/lib/dpkg/available"
dpkg --root="$system" --log=/dev/null --force-not-root --force-script-chrootless --force-depends --install $dev $cli \
    > "$scratch/log" 2>&1 || { cat "$scratch/log" && exit 1; }

[ "$("$system/usr/bin/practicus" --version)" = "practicus $version" ]
for file in share/man/man1/practicus.1.gz share/bash-completion/completions/practicus share/zsh/site-functions/_practicus \
    include/practicus.hpp include/practicus/mock/server.hpp share/cmake/practicus/practicusConfig.cmake; do
    [ -s "$system/usr/$file" ] || { echo "there is no /usr/$file" && exit 1; }
done
cat > "$scratch/program.cpp" <<'CODE'
#include <practicus/url.hpp>
int main() { return practicus::service_url("https://practicus.company.com").origin().secure() ? 0 : 1; }
CODE
export PKG_CONFIG_PATH=$system/usr/share/pkgconfig
"$compiler" -std=c++20 "$scratch/program.cpp" -o "$scratch/program" $(pkg-config --cflags --libs practicus)
"$scratch/program"
