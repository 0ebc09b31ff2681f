#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# with_mock.sh MOCK_SERVER PROGRAM: runs PROGRAM URL EMAIL PASSWORD against a mock region of its own, with the same in
# PRT_URL, PRT_EMAIL and PRT_PASSWORD. Fails if the program does, or if the region found fault with what it got.

set -euo pipefail
mock=$1 program=$2
scratch=$(mktemp -d)
. "$(dirname "$0")/mock.sh"
trap remove_mock EXIT

start_mock
env --unset=PRT_TOKEN PRT_URL="$url" PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus \
    "$program" "$url" admin@company.com practicus
stop_mock
