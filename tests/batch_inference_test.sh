#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# batch_inference_test.sh MOCK_SERVER BATCH_INFERENCE: a run that is interrupted, and gone on with.

set -euo pipefail
mock=$1 batch_inference=$2
scratch=$(mktemp -d)
. "$(dirname "$0")/mock.sh"
trap remove_mock EXIT
unset PRT_URL PRT_TOKEN
export PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus

rows=100000
{
    echo carat,remark
    seq 1 $rows | sed 's/$/,"a remark, quoted"/'
} > "$scratch/in.csv"
start_mock
arguments=(--url "$url" --rows 200 --in-flight 8 models/practicus/diamond-price "$scratch/in.csv")
run() { "$batch_inference" "${arguments[@]}" "$@"; }

run "$scratch/whole.csv" 2> "$scratch/log"
grep -q "$rows rows are predicted" "$scratch/log"
[ "$(wc -l < "$scratch/whole.csv")" = $((rows + 1)) ]
! grep -q $'\r' "$scratch/log" # no bar where there is no terminal

# Until it is interrupted before its end.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    rm -f "$scratch/out.csv"
    env --default-signal=INT "$batch_inference" "${arguments[@]}" "$scratch/out.csv" 2> "$scratch/log" &
    pid=$!
    until [ -s "$scratch/out.csv" ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
    kill -INT $pid 2>/dev/null || true
    code=0
    wait $pid || code=$?
    [ $code = 0 ] || break
done
if [ $code != 0 ]; then # else it was quicker each time
    [ $code = 130 ]
    grep -q "the same command goes on" "$scratch/log"
    [ "$(stat -c %s "$scratch/out.csv")" -lt "$(stat -c %s "$scratch/whole.csv")" ]
    [ -e "$scratch/out.csv.practicus" ]
    run --gzip "$scratch/out.csv" 2> "$scratch/log"
fi
cmp "$scratch/whole.csv" "$scratch/out.csv"
[ ! -e "$scratch/out.csv.practicus" ]

# What is wrong is said.
code=0
run "$scratch/out.csv" 2> "$scratch/log" || code=$?
[ $code = 2 ]
grep -q "there is no journal" "$scratch/log"
cmp "$scratch/whole.csv" "$scratch/out.csv"
code=0
run "$scratch/no/such/folder.csv" 2> "$scratch/log" || code=$?
[ $code = 2 ]
grep -q "cannot be opened: No such file or directory" "$scratch/log"
code=0
PRT_PASSWORD=wrong run "$scratch/none.csv" 2> "$scratch/log" || code=$?
[ $code = 1 ]
grep -q "refused the login" "$scratch/log"
stop_mock
