#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# Third-party clients against the mock region and beside the command line.
#
#   tests/interop/run.sh curl|http2|openai|aiperf|pyarrow|kubernetes|spark|ray|dask|sdk_VERSION PRACTICUS_BINARY
#
# A client that is not available ends the test with exit code 77 and a line with its name and the reason.
set -euo pipefail

subject=$1 mock=$2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
. "$here/../mock.sh"
. "$here/sdk.sh"
trap remove_mock EXIT

if [ "$subject" = curl ]; then
    command -v curl >/dev/null || skip "it is not installed"
    start_mock mock
    bash "$here/curl_test.sh" "$url"
    stop_mock
    start_mock mock --gzip
    bash "$here/curl_test.sh" "$url" --compressed
    stop_mock
    start_mock mock --tls "$scratch/ca.pem"
    bash "$here/curl_test.sh" "$url" --cacert "$scratch/ca.pem"
    stop_mock
    for tool in python3 openssl; do command -v $tool >/dev/null || skip "$tool is not installed"; done
    export PRACTICUS=$mock
    python3 -B "$here/answers_test.py" -v
    exit 0
fi

if [ "$subject" = http2 ]; then
    code=0
    bash "$here/http2_test.sh" "$mock" "$scratch" || code=$?
    [ $code != 77 ] || skip "no server that speaks it is installed"
    exit $code
fi

export PRACTICUS=$mock PYTHONDONTWRITEBYTECODE=1
if [ "$subject" = openai ]; then
    install_package openai 3.57.0
    "$sdk_python" "$here/openai_test.py" -v
    exit 0
fi
if [ "$subject" = aiperf ]; then
    install_package aiperf 0.13.0
    "$sdk_python" "$here/aiperf_test.py" -v
    exit 0
fi
if [ "$subject" = pyarrow ] || [ "$subject" = kubernetes ]; then
    [ "$subject" = pyarrow ] && install_package pyarrow 21.0.0 || install_package kubernetes-validate 1.37.0
    "$sdk_python" "$here/${1}_test.py" -v
    exit 0
fi
if [ "$subject" = spark ] || [ "$subject" = ray ] || [ "$subject" = dask ]; then
    example=$here/../../examples/spark/run.sh
    export PRACTICUS_NO_INSTALL=1
    [ "$subject" != spark ] || command -v java >/dev/null || skip "Java is not installed (default-jre-headless)"
    attempt "it cannot be installed (python3-venv, the package index)" "$example" --engine "$subject" --install
    if [ "$subject" != spark ]; then
        "$example" --engine "$subject" --rows 200000
        exit 0
    fi
    # The process of the first partition fails.
    cat > "$scratch/practicus" <<END
#!/bin/sh
if [ "\$1 \$#" = "predict 2" ] && mkdir "$scratch/failed" 2>/dev/null; then
    echo "a failure of the test" >&2
    exit 5
fi
exec "$mock" "\$@"
END
    chmod +x "$scratch/practicus"
    PRACTICUS=$scratch/practicus "$example" --rows 200000 --kill 3 2>&1 | tee "$scratch/spark.log"
    grep -q "exit code 5" "$scratch/spark.log"
    exit 0
fi

install_sdk "${subject#sdk_}"
mkdir "$scratch/home"
unset PRT_URL PRT_TOKEN PRT_EMAIL PRT_PASSWORD
export HOME=$scratch/home
for test in sdk_test core_conf_test wire_test listing_test; do
    "$sdk_python" "$here/$test.py" -v
done
