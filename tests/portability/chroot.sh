#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

set -euo pipefail

usage() {
    cat <<'END'
tests/portability/chroot.sh [--cache DIR] [--mirror URL] [--user] SUITE [COMMAND...]

Runs a command (default: tests/run.sh) on a fresh Debian, as root: makes a minimal system of the suite (bookworm, trixie,
sid) with debootstrap, copies this tree into it, as far as git does not ignore it, and runs the command there.

  --cache DIR   where the minimal systems are kept between runs, and the running one lives; default:
                $PRACTICUS_CHROOT_CACHE, else build/chroot
  --mirror URL  where the packages come from; default: http://deb.debian.org/debian
  --user        run the command as an ordinary user who may use sudo
END
}

root=$(cd "$(dirname "$0")/../.." && pwd)
cache=${PRACTICUS_CHROOT_CACHE:-$root/build/chroot} mirror=http://deb.debian.org/debian user=root
while [ $# -gt 0 ]; do
    case $1 in
    --cache) cache=${2:?--cache needs a folder} && shift 2 ;;
    --mirror) mirror=${2:?--mirror needs a url} && shift 2 ;;
    --user) user=dev && shift ;;
    --help | -h) usage && exit 0 ;;
    -*) usage >&2 && exit 2 ;;
    *) break ;;
    esac
done
[ $# -gt 0 ] || { usage >&2 && exit 2; }
suite=$1
shift
[ $# -gt 0 ] || set -- tests/run.sh

[ "$(id -u)" = 0 ] || { echo "chroot.sh must be run as root" >&2 && exit 2; }
. "$root/cmake/packages.sh"
practicus_install "to make a fresh Debian" debootstrap=debootstrap git=git
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
base=$cache/$suite.tar
kept=$cache/$suite.kept
system=$cache/$suite.$$

child=""

# Whatever runs in the system ends with its process namespace, and what is mounted there is gone with its mount namespace.
finish() {
    # unshare hears nothing else while it waits.
    [ -z "$child" ] || { kill -KILL "$child" 2>/dev/null && wait "$child" || true; }
    rm -rf --one-file-system "$system"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

if [ ! -e "$base" ]; then
    debootstrap --variant=minbase "$suite" "$system" "$mirror"
    tar -C "$system" -cf "$base.part" .
    mv "$base.part" "$base"
else
    mkdir "$system"
    tar -C "$system" -xf "$base"
fi

# How this machine reaches the packages: name resolution, apt's settings (a proxy, say), its certificate authorities.
cp -L /etc/resolv.conf /etc/hosts "$system/etc/"
apt-config dump 2>/dev/null | grep '^Acquire::' | grep -v '::cdrom' >"$system/etc/apt/apt.conf.d/90host" || true
environment=(HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
for variable in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_DEFAULT_TIMEOUT; do
    [ -z "${!variable:-}" ] || environment+=("$variable=${!variable}")
done
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
    cp -L /etc/ssl/certs/ca-certificates.crt "$system/etc/host-certificates.pem"
    environment+=(PIP_CERT=/etc/host-certificates.pem)
fi

# What compilers and apt have done before is kept from run to run; each suite's apart, for their compilers differ. Two
# runs of a suite would stand in each other's way there.
mkdir -p "$kept/ccache" "$kept/archives/partial" "$system/var/cache/ccache"
exec 9>"$kept/lock"
flock 9
[ "$user" != root ] || environment+=(CCACHE_DIR=/var/cache/ccache)

mkdir -p "$system/src/practicus"
(cd "$root" && git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from=- -cf -) | tar -C "$system/src/practicus" --no-same-owner -xf -

become=()
if [ "$user" != root ]; then
    environment+=("HOME=/home/$user")
    become=(setpriv --reuid="$user" --regid="$user" --init-groups)
fi

# inside COMMAND...: runs it in the system, with the folders that the kernel fills.
inside() {
    unshare --mount --pid --fork --kill-child bash -euc '
        system=$1 kept=$2
        shift 2
        mount -t proc proc "$system/proc"
        mount -t sysfs -o ro sysfs "$system/sys"
        mount --rbind /dev "$system/dev"
        mount -t tmpfs tmpfs "$system/dev/shm"
        mount --bind "$kept/ccache" "$system/var/cache/ccache"
        mount --bind "$kept/archives" "$system/var/cache/apt/archives"
        exec chroot "$system" "$@"' bash "$system" "$kept" "$@" <&0 &
    child=$!
    local result=0
    wait "$child" || result=$?
    child=""
    return $result
}

if [ "$user" != root ]; then
    inside env -i "${environment[@]}" DEBIAN_FRONTEND=noninteractive sh -c "apt-get update -q && apt-get install -q -y sudo &&
        useradd -m -s /bin/bash $user && echo '$user ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/$user &&
        chown -R $user /src" >&2
fi
echo "=== $suite: $*"
inside "${become[@]}" env -i "${environment[@]}" sh -c 'cd /src/practicus && exec "$@"' sh "$@"
