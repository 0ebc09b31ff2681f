#!/bin/sh
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# Stands in for the compiler and the linker: launcher.sh LOG COMPILER ARGUMENT... notes each source in LOG, and makes an empty
# object of it; a program is a copy of a small one of this machine.

set -eu
log=$1 compiler=$2
shift 2
source="" output=""
while [ $# -gt 0 ]; do
    case $1 in
    -c) source=$2 && shift ;;
    -o) output=$2 && shift ;;
    esac
    shift
done
if [ -z "$source" ]; then
    cp /bin/true "$output"
else
    echo "$source" >> "$log"
    echo | "$compiler" -x c++ -c - -o "$output"
fi
