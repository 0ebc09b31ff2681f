#!/usr/bin/env bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)

# The whole flow by hand: tests/interop/curl_test.sh URL [CURL_OPTION...]
set -euo pipefail

url=$1
shift
options=(--silent --show-error --fail-with-body --max-time 30 "$@")

call() { curl "${options[@]}" "$@"; }

# field NAME: its value, out of JSON on standard input; strings and numbers only.
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }

expect() {
    if [ "$2" != "$3" ]; then
        echo "curl: $1: expected '$3', got '$2'" >&2
        exit 1
    fi
    echo "curl: $1"
}

json='Content-Type: application/json'
login=$(call "$url/console/api/auth/" -H "$json" -d '{"email":"admin@company.com","password":"practicus"}')
access=$(field access <<< "$login")
refresh=$(field refresh <<< "$login")
expect "login" "$(field username <<< "$login")" admin

form=$(call "$url/console/api/auth/" -d email=admin@company.com -d password=practicus)
expect "login by form" "$(field username <<< "$form")" admin

renewed=$(call "$url/console/api/auth/refresh/" -H "$json" -H "Authorization: Bearer $refresh" -d "{\"refresh\":\"$refresh\"}")
access=$(field access <<< "$renewed")

prefixes=$(call "$url/console/api/modelhost/model-prefixes/" -H "Authorization: Bearer $access")
expect "model prefixes" "$(grep -o '"key"' <<< "$prefixes" | wc -l)" 3

model=$url/models/practicus/diamond-price/
id=$(call --dump-header - --output /dev/null "$model?get_meta=true" -H "Authorization: Bearer $access" |
    tr -d '\r' | sed -n 's/^x-prt-model-id: //p')
expect "model id" "$id" 42

session=$(call -X GET "$url/console/api/modelhost/model-auth/" -H "$json" -H "Authorization: Bearer $access" -d "{\"model_id\":$id}" | field token)
prediction=$(printf 'a,b\n1,2\n3,4\n' | call "$model" -H 'Content-Type: text/csv' -H "Authorization: Bearer $session" --data-binary @-)
expect "prediction" "$(head -n 1 <<< "$prediction"), $(wc -l <<< "$prediction") lines" "prediction, 3 lines"

# Large enough for curl to send Expect: 100-continue.
rows=$( (echo a; seq 400000) | call "$model" -H 'Content-Type: text/csv' -H "Authorization: Bearer $session" --data-binary @- | wc -l)
expect "a large prediction" "$rows" 400001

app=$url/apps/tools/viewer/api/
app_id=$(call "$app?prt_sys_task=meta" | field app_id)
token=$(call -X GET "$url/console/api/apphost/app-auth/" -H "Authorization: Bearer $access" -d app_id="$app_id" -d upload=False | field token)
expect "an endpoint" "$(call "${app}v1/say-hello/" -H "$json" -H "Authorization: Bearer $token" -d '{"name":"Ada"}')" '{"echo":{"name":"Ada"}}'
expect "a query" "$(call --get "${app}sensor/" -H "Authorization: Bearer $token" --data-urlencode 'table_name=a b')" '{"table_name":"a b"}'
uploaded=$(call "${app}upload/" -H "Authorization: Bearer $token" -F 'file=@-;filename="a \"b\".csv";type=text/csv' -F note=hi <<< a,b)
expect "an upload" "$(sed 's/,"hash":[0-9]*//' <<< "$uploaded")" \
    '{"files":[{"field":"file","filename":"a \"b\".csv","content_type":"text/csv","size":4}],"fields":{"note":"hi"}}'

llm=$url/llm/assistant/v1/chat/completions
session=$(call -X GET "$url/console/api/modelhost/model-auth/" -H "$json" -H "Authorization: Bearer $access" -d '{"model_id":46}' | field token)
chat='{"model":"assistant","stream":true,"messages":[{"role":"user","content":"one two"}]}'
streamed=$(call --no-buffer "$llm" -H "$json" -H "Authorization: Bearer $session" -d "$chat")
expect "a streamed chat" "$(grep -c '^data: ' <<< "$streamed"), $(tail -n 1 <<< "$streamed")" "5, data: [DONE]"

expect "wrong password" "$(curl --silent --max-time 30 "$@" --output /dev/null --write-out '%{http_code}' \
    "$url/console/api/auth/" -H "$json" -d '{"email":"admin@company.com","password":"wrong"}')" 401
