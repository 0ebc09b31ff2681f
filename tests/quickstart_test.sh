#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# quickstart_test.sh MOCK_SERVER QUICKSTART: the quickstart's options and environment, against a region of its own.

set -euo pipefail
mock=$1 quickstart=$2
scratch=$(mktemp -d)
. "$(dirname "$0")/mock.sh"
trap remove_mock EXIT
unset PRT_URL PRT_TOKEN PRT_EMAIL PRT_PASSWORD

# expect PATTERN COMMAND...: its output has the pattern, whatever its exit code.
expect() {
    local pattern=$1 output
    shift
    output=$("$@" 2>&1 </dev/null) || true
    grep -q -- "$pattern" <<< "$output" || { echo "no '$pattern' in: $output"; exit 1; }
}

start_mock --tls "$scratch/ca.pem"
user=(env PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus)
expect "lives 240 minutes" "${user[@]}" "$quickstart" --url "$url" --ca-file "$scratch/ca.pem"
expect "lives 240 minutes" "${user[@]}" PRT_URL="$url" "$quickstart" --ca-file "$scratch/ca.pem"
expect "for $url/models/finance/loan-risk/v1/ lives" \
    "${user[@]}" "$quickstart" --url "$url" --ca-file "$scratch/ca.pem" --model models/finance/loan-risk/v1
expect "^eyJ" "${user[@]}" "$quickstart" --url "$url" --ca-file "$scratch/ca.pem" --show-token
expect "issuer is not trusted" "${user[@]}" "$quickstart" --url "$url"
expect "refused the login" env PRT_EMAIL=admin@company.com PRT_PASSWORD=wrong "$quickstart" --url "$url" \
    --ca-file "$scratch/ca.pem"
expect "there is no terminal to ask on" "$quickstart" --url "$url" --ca-file "$scratch/ca.pem"
refresh=$(curl --silent --cacert "$scratch/ca.pem" --json '{"email":"admin@company.com","password":"practicus"}' \
    "$url/console/api/auth/" | python3 -c 'import json, sys; print(json.load(sys.stdin)["refresh"])')
expect "lives 240 minutes" env PRT_TOKEN="$refresh" "$quickstart" --url "$url" --ca-file "$scratch/ca.pem"
stop_mock
