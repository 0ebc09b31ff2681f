#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# cmake/packages.sh [docs|package]...
#
# Installs missing packages of the distribution: for the examples, the documentation or the Debian packages. Prints the names and
# the reason first. PRACTICUS_NO_INSTALL=1 installs nothing, for machines with dependencies from elsewhere. Sourced by
# examples/run.sh, tests/run.sh and benchmarks/run.sh.

# Each word is a package, or command=package if any command of that name is sufficient.
practicus_build_packages="g++=g++ make=make cmake=cmake ninja=ninja-build libssl-dev zlib1g-dev"
practicus_example_packages="libcli11-dev liblz4-dev libhiredis-dev curl=curl"
practicus_docs_packages="doxygen=doxygen libjs-lunr python3=python3"
practicus_package_packages="dpkg-shlibdeps=dpkg-dev file=file"
practicus_test_packages="ccache=ccache pkg-config=pkg-config python3=python3 curl=curl python3-venv catch2 liblz4-dev libhiredis-dev python3-lz4 zsh=zsh mandoc=mandoc doxygen=doxygen libjs-lunr dpkg-shlibdeps=dpkg-dev file=file valgrind=valgrind mvn=maven openssl=openssl go=golang-go node=nodejs ca-certificates"
practicus_benchmark_packages="libcurl4-openssl-dev wrk=wrk go=golang-go cargo=cargo python3-venv python3-matplotlib"

# The default Boost of Debian 12 is too old, but Debian 12 also has a newer one. PRACTICUS_BOOST selects another version, for
# example 1.88, where the distribution has several.
practicus_boost_packages() {
    local id version
    if [ -n "${PRACTICUS_BOOST:-}" ]; then
        echo "libboost$PRACTICUS_BOOST-dev libboost-json$PRACTICUS_BOOST-dev libboost-url$PRACTICUS_BOOST-dev"
        return
    fi
    id=$(. /etc/os-release && echo "${ID:-}")
    version=$(. /etc/os-release && echo "${VERSION_ID:-}")
    if [ "$id $version" = "debian 12" ]; then
        echo "libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev"
    else
        echo "libboost-dev libboost-json-dev libboost-url-dev"
    fi
}

# The servers that the client is tested through. Their packages start a system service, which tests must not do on a developer's
# machine: under systemd they are not installed, and their tests are skipped unless they are present.
practicus_front_packages() {
    [ -d /run/systemd/system ] || echo "openssl=openssl nginx haproxy redis-server=redis-server"
}

practicus_has() {
    case $1 in
    *=*) command -v "${1%%=*}" >/dev/null ;;
    *) [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ] ;;
    esac
}

# practicus_install WHY PACKAGE...
practicus_install() {
    local why=$1 word missing="" sudo=""
    shift
    [ "${PRACTICUS_NO_INSTALL:-}" != 1 ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "No apt-get here: nothing is installed. What is needed: $*"
        return 0
    fi
    for word in "$@"; do
        practicus_has "$word" || missing="$missing ${word#*=}"
    done
    [ -n "$missing" ] || return 0

    echo "Installing with apt-get, $why:$missing"
    if [ "$(id -u)" != 0 ]; then
        sudo=sudo
        if ! command -v sudo >/dev/null; then
            echo "Neither root nor sudo. As root: apt-get install$missing" >&2
            return 1
        fi
    fi
    $sudo apt-get update -q &&
        $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    wanted="$practicus_build_packages $practicus_example_packages $(practicus_boost_packages)"
    for part in "$@"; do
        case $part in
        docs) wanted="$wanted $practicus_docs_packages" ;;
        package) wanted="$wanted $practicus_package_packages" ;;
        *) echo "usage: cmake/packages.sh [docs|package]..." >&2 && exit 2 ;;
        esac
    done
    practicus_install "to build practicus" $wanted
fi
