#!/bin/bash
# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
#
# cli_test.sh PRACTICUS MANUAL: the command line's whole tour against its own mock region: what it prints, and how it ends.

set -euo pipefail
practicus=$1 manual=$2
scratch=$(mktemp -d)
mock_pid=
front_pid=
store_pid=
trap 'for pid in $mock_pid $front_pid $store_pid; do kill "$pid" 2>/dev/null || true; done; rm -rf "$scratch"' EXIT
unset PRT_URL PRT_TOKEN PRT_EMAIL PRT_PASSWORD
export HOME=$scratch NO_COLOR=1 SHELL=/bin/sh TERM=xterm
cd "$scratch"

fail() {
    echo "line ${BASH_LINENO[-2]}: $1"
    echo "--- standard output:" && cat out
    echo "--- standard error:" && cat err
    exit 1
}

# expect CODE COMMAND...: runs it with standard output and error in files.
expect() {
    local wanted=$1 code=0
    shift
    timeout --foreground 60 "$@" > out 2> err || code=$?
    [ $code = "$wanted" ] || fail "exit code $code instead of $wanted: $*"
}
says() { grep -qF -- "$1" err || fail "standard error does not say: $1"; }
prints() { grep -qF -- "$1" out || fail "standard output has no: $1"; }
quiet() { [ ! -s err ] || fail "standard error is not empty"; }

# start_region ARGUMENT...: a mock region; sets `url`.
start_region() {
    # Before it: what the last one said must not be read.
    : > mock.log
    "$practicus" mock "$@" > mock.log 2>&1 &
    mock_pid=$!
    url=
    while [ -z "$url" ] && kill -0 $mock_pid 2>/dev/null; do url=$(sed -n 's/^url: *//p' mock.log); done
    [ -n "$url" ] || { cat mock.log && exit 1; }
}
# A script's jobs in the background ignore SIGINT: `interruptible` is put before a command that must not.
interruptible="env --default-signal=INT"
stop_region() {
    kill -TERM $mock_pid
    wait $mock_pid || { cat mock.log && exit 1; }
    mock_pid=
    grep -q ' 0 violations' mock.log
}

# start_store: a Redis server, if one is installed; sets `store`.
start_store() {
    command -v redis-server > /dev/null || return 1
    while true; do
        local port=$((20000 + RANDOM % 20000))
        redis-server --bind 127.0.0.1 --port $port --save "" --dir . > store.log 2>&1 &
        store_pid=$!
        while kill -0 $store_pid 2> /dev/null; do
            if grep -q 'Ready to accept connections' store.log; then
                store=redis://127.0.0.1:$port
                return 0
            fi
        done
    done
}

# Before a login.
expect 0 "$practicus" --version
prints "practicus "
expect 0 "$practicus" predict --help
prints --in-flight
expect 2 "$practicus"
expect 2 "$practicus" no-such-command
says "no command 'no-such-command'"
expect 2 "$practicus" models --no-such-option
for format in xml JSON 1; do
    expect 2 "$practicus" --output $format models
    says "$format not in"
done
for number in 0 -1 x 010 99999999999999999999; do
    expect 2 "$practicus" predict models/a/b --rows=$number
    says "'$number' is no whole number from 1"
done
expect 2 "$practicus" mock --port 99999
says "from 0 to 65535"
expect 3 "$practicus" models
says "not logged in, or the login has ended: no region in"
says "practicus login URL"
PRT_URL=nonsense expect 2 "$practicus" models
says "PRT_URL: it has no scheme"
PRT_URL=nonsense expect 2 "$practicus" login
says PRT_URL
HOME=/nonexistent expect 1 "$practicus" login http://127.0.0.1:1 --email a --password-stdin <<< b
says "'/nonexistent/.practicus' cannot be made: No such file or directory"
! grep -q "last cause" err || fail "it says so twice"
expect 3 "$practicus" --region nowhere models
expect 3 "$practicus" token https://nowhere.company.com/models/practicus/diamond-price/
expect 2 "$practicus" login ftp://nowhere < /dev/null
expect 3 "$practicus" logout
says "no region in"
expect 2 "$practicus" --region a logout --all
expect 2 "$practicus" --region a --url http://b models
expect 0 "$practicus" regions
[ "$(wc -l < out)" = 1 ] || fail "there is a region"

# Logins.
start_region
expect 3 "$practicus" login "$url" --email admin@company.com --password-stdin <<< wrong
says "refused the login"
says "Check the e-mail and the password"
! grep -q wrong err || fail "the password is shown"
expect 2 "$practicus" login "$url" < /dev/null
says --password-stdin
expect 2 "$practicus" login "$url" --password-stdin <<< practicus
says --email
expect 5 "$practicus" login http://127.0.0.1:1 --email admin@company.com --password-stdin <<< practicus
[ ! -e .practicus/core.conf ] || fail "a login is kept that failed"
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
host=${url#http://}
says "Logged in as admin@$host"
[ "$(stat -c %a .practicus/core.conf)" = 600 ] || fail "the mode of core.conf"
PRT_URL=$url PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus expect 0 "$practicus" login "$url"
# Files with secrets, and other systems, end a line in their own way.
PRT_URL=$url PRT_TOKEN=$'\n' PRT_EMAIL=$'admin@company.com\r\n' PRT_PASSWORD=$'practicus\r\n' expect 0 "$practicus" models
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< $'practicus\r'
# A login that is for no url is for none.
PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus expect 2 "$practicus" login "$url" < /dev/null
PRT_TOKEN=nonsense expect 0 "$practicus" --url "$url" prefixes
PRT_URL=nonsense expect 0 "$practicus" --url "$url" prefixes
PRT_URL=nonsense PRT_TOKEN=nonsense expect 0 "$practicus" --region "${url#http://}" prefixes
expect 4 "$practicus" login "$url/models/" --email admin@company.com --password-stdin <<< practicus
says "is the region's url shorter"
! grep -q "practicus models" err || fail "advice for models"
token=$(sed -n 's/^refresh_token = //p' .practicus/core.conf)
expect 0 "$practicus" login "$url" --token-stdin <<< "$token"
# Whose it is, the token says, else --email.
grep -q '^email = admin@company.com$' .practicus/core.conf || fail "no e-mail"
expect 2 "$practicus" login "$url" --token-stdin <<< opaque
says "give --email"
expect 0 "$practicus" login "$url" --email other@company.com --token-stdin <<< "$token"
says "the token is a login of admin@company.com: --email has no effect"
PRT_URL=$url PRT_TOKEN=$token expect 0 "$practicus" login "$url" --email other@company.com
says "the token is a login of admin@company.com: --email has no effect"
[ "$(grep '^email' .practicus/core.conf)" = "email = admin@company.com" ] || fail "another e-mail than the token's"
PRT_URL=$url PRT_TOKEN=$token expect 0 "$practicus" login "$url" --email admin@company.com
! grep -q "no effect" err || fail "a warning for nothing"
# A token that was handed out calls models, and is no login.
session=$("$practicus" token models/practicus/diamond-price)
printf 'carat\n1\n' > one.csv
for variable in PRT_TOKEN PRT_SESSION_TOKEN; do
    PRT_URL=$url expect 0 env "$variable=$session" "$practicus" predict models/practicus/diamond-price one.csv -
    PRT_URL=$url expect 3 env "$variable=$session" "$practicus" models
    says "a session token only"
done
echo "$session" > session_token
PRT_URL=$url PRT_SESSION_TOKEN_FILE=session_token expect 0 "$practicus" predict models/practicus/diamond-price one.csv -
PRT_URL=$url PRT_SESSION_TOKEN_FILE=none expect 1 "$practicus" models
says "'none' cannot be opened"
PRT_URL=$url PRT_SESSION_TOKEN=$session expect 2 "$practicus" login "$url" < /dev/null
expect 1 "$practicus" login "$url" --token-stdin <<< "$session"
says "a session token is no login"
# The environment's login is for its own url, and no model's url decides where a token goes.
PRT_URL=http://127.0.0.1:1 PRT_TOKEN=$token expect 2 "$practicus" login "$url" < /dev/null
PRT_TOKEN=$token expect 3 "$practicus" token http://127.0.0.1:1/models/practicus/diamond-price/
says "no such region"
# What did not change is not written.
before=$(stat -c '%i %y' .practicus/core.conf)
expect 0 "$practicus" models
[ "$(stat -c '%i %y' .practicus/core.conf)" = "$before" ] || fail "core.conf was written"

# Lists, in every form.
expect 0 "$practicus" regions --output csv
[ "$(cat out)" = "key,url,username,email,is_default
admin@$host,$url/,admin,admin@company.com,true" ] || fail "the list of regions"
expect 0 "$practicus" prefixes
prints models/practicus
expect 0 "$practicus" prefixes --apps --output json
prints '"key"'
expect 0 "$practicus" --output csv models --deployed --prefix models/practicus
[ "$(cat out)" = "model_id,name,prefix,versions
42,diamond-price,models/practicus,1 (Production) / 2 (Staging) / 3" ] || fail "the list of models"
expect 0 "$practicus" models --name loan-risk
prints loan-risk
[ "$(wc -l < out)" = 2 ] || fail "more than one model"
expect 0 "$practicus" --output csv models --prefix models
[ "$(cut -d, -f3 out | sort -u | tr '\n' ' ')" = "models/finance models/practicus prefix " ] || fail "not all under a prefix"
expect 0 "$practicus" deployments
prints depl-small
expect 0 "$practicus" apps --region "$host"
prints viewer
quiet
expect 0 "$practicus" models --verbose
says "GET /console/api/modelhost/models/: 200"
! grep -q eyJ err || fail "a token is shown"

# Tokens and metadata.
model=models/practicus/diamond-price
expect 0 "$practicus" token $model
[ "$(grep -c '^eyJ' out)" = 1 ] && [ "$(wc -l < out)" = 1 ] || fail "no token alone"
quiet
expect 0 "$practicus" token "$url/$model/v2" --upload
expect 0 "$practicus" token "$url/$model/v2/chat/completions"
expect 0 "$practicus" token apps/tools/viewer --app
for app in apps/tools/viewer/1 "$url/apps/tools/viewer/api/" "$url/apps/tools/viewer/api/v1/say-hello/"; do
    expect 0 "$practicus" token "$app" --app
done
expect 2 "$practicus" token "$url/apps/tools/viewer/v1/api/" --app
says "/api/<version>/"
expect 0 "$practicus" --output csv addons
[ "$(sed -n 2p out)" = "langflow,Langflow,LANGFLOW,https://langflow.company.com,langflow-oauth" ] ||
    fail "the list of add-ons"
for addon in langflow https://langflow.company.com/flow; do
    expect 0 "$practicus" token $addon --addon
    [ "$(grep -c '^eyJ' out)" = 1 ] && [ "$(wc -l < out)" = 1 ] || fail "no token alone"
done
expect 4 "$practicus" token no-such-addon --addon
expect 2 "$practicus" token langflow --addon --upload
# A version as the lists show it.
for version in 2 v2 Production PROD/ staging latest; do expect 0 "$practicus" meta $model/$version; done
expect 4 "$practicus" meta $model/9
says "'diamond-price' is listed, but not with this version; it has 1 (Production), 2 (Staging), 3"
expect 4 "$practicus" meta "$url/$model/2"
expect 0 "$practicus" meta "$url/$model/"
prints '"model_name":"diamond-price"'
expect 4 "$practicus" token models/practicus/no-such-model
says "practicus models"
expect 4 "$practicus" meta models/practicus/no-such-model
for command in token meta predict; do
    expect 4 "$practicus" $command models/finance/draft < /dev/null
    says "'draft' is listed, but has no deployment"
    ! grep -q "list what there is" err || fail "advice that does not help"
done
expect 4 "$practicus" token apps/bare --app
says "'bare' is listed, but has no deployment"

# Predictions: as a filter, from file to file, encoded, gone on with.
seq 1 5000 | sed '1i carat' > in.csv
expect 0 "$practicus" predict $model < in.csv
quiet
mv out filtered.csv
[ "$(wc -l < filtered.csv)" = 5001 ] || fail "rows are missing"
for encoding in gzip zlib deflate lz4; do
    cat in.csv | expect 0 "$practicus" predict $model --encoding $encoding --rows 99
    cmp out filtered.csv
done
expect 0 "$practicus" predict $model in.csv out.csv --rows 100 --in-flight 4
cmp out.csv filtered.csv
[ ! -e out.csv.practicus ] || fail "a journal is left"
for option in "" --resume; do
    expect 2 "$practicus" predict $model in.csv out.csv $option
    [ -n "$option" ] && says "/out.csv.practicus', so it is complete" || says "remove it first"
    cmp out.csv filtered.csv
done
for files in "in.csv in.csv" "in.csv new.csv --rejected in.csv" "in.csv new.csv --rejected new.csv"; do
    expect 2 "$practicus" predict $model $files --resume
    says "one file"
done
[ "$(wc -l < in.csv)" = 5001 ] || fail "the input was changed"
expect 0 "$practicus" predict $model in.csv rest.csv --rejected none.csv
cmp rest.csv filtered.csv
[ ! -s none.csv ] || fail "rows were rejected"
expect 2 "$practicus" predict $model in.csv - --resume
expect 0 "$practicus" predict $model in.csv /dev/null
# A name of the system for what is open is no results file, whatever that is.
expect 0 "$practicus" predict $model in.csv /dev/stdout
cmp out filtered.csv
expect 2 "$practicus" predict $model in.csv /dev/stdout --resume
says "--resume needs an OUTPUT that is a file"
[ ! -e /dev/stdout.practicus ] || fail "a journal of standard output"
expect 2 "$practicus" predict $model in.csv new.csv --rejected new.csv.practicus
says "is the journal's name"
[ ! -e new.csv ] && [ ! -e new.csv.practicus ] || fail "a run that is refused has left a file"
mkfifo done
cat in.csv > done &
expect 0 "$practicus" predict $model < done
cmp out filtered.csv
expect 0 "$practicus" predict $model in.csv >(cat > copied.csv)
until [ -s copied.csv ] && cmp -s copied.csv filtered.csv; do sleep 0.01; done
expect 0 "$practicus" predict llm/assistant --content-type application/json <<< '{"prompt": "a b c"}'
prints c
# What cannot begin ends at once, and leaves files as they are.
PRT_URL=http://127.0.0.1:1 PRT_TOKEN=$token expect 5 "$practicus" predict $model in.csv new.csv
expect 4 "$practicus" predict models/practicus/no-such-model in.csv new.csv
says "practicus models"
[ ! -e new.csv ] || fail "a file for nothing"
printf 'just a note without a line end' > note.txt
printf 'unrelated,file\nprecious,1\nand more' > other.csv
cp filtered.csv longer.csv && echo 1.25 >> longer.csv
for file in note.txt other.csv longer.csv; do
    cp $file kept
    expect 4 "$practicus" predict models/practicus/no-such-model in.csv $file --resume
    cmp $file kept
    expect 2 "$practicus" predict $model in.csv $file --resume
    says "there is no journal"
    cmp $file kept
    ! grep -q "goes on where" err || fail "advice that cannot be followed"
done
expect 2 "$practicus" predict $model in.csv new.csv --rejected -
expect 2 "$practicus" predict $model "$scratch"
says "is a folder"
expect 2 "$practicus" predict $model in.csv "$scratch"
says "is a folder"
# Streams that are closed.
expect 1 "$practicus" predict $model <&-
expect 1 bash -c "'$practicus' predict $model < in.csv >&-"
says "standard output cannot be used"
expect 1 bash -c "'$practicus' token $model >&-"
says "standard output cannot be written"
# What comes from other systems.
for text in 'carat\r\n1\r\n2\r\n' 'carat\n1\n2' '\xef\xbb\xbfcarat\n1\n2\n' 'carat\r1\r2' 'carat\n1"\n2"\n' 'a;b\n1;"\n"\n2;3'; do
    printf "$text" > odd.csv
    expect 0 "$practicus" predict $model odd.csv
    [ "$(wc -l < out)" = 3 ] || fail "not two predictions of: $text"
done
printf 'carat\n1\n2' | iconv -f UTF-8 -t UTF-16 > odd.csv
expect 1 "$practicus" predict $model odd.csv
says "UTF-16"
printf 'carat\n1\n\0002' > odd.csv
expect 1 "$practicus" predict $model odd.csv
says "row 2 of the CSV has a NUL byte"
echo carat > odd.csv
expect 0 "$practicus" predict $model odd.csv
[ "$(cat out)" = prediction ] || fail "not the header alone"
says "a header and no rows"
expect 1 "$practicus" predict $model in.csv no/such/folder.csv
says "No such file"
expect 1 "$practicus" predict $model no-such-file.csv
expect 1 "$practicus" predict $model < /dev/null
says "no header line"
if [ -w /dev/full ]; then
    for command in --help --version "predict --help" "completion bash" "completion zsh" regions prefixes models deployments \
        apps addons "token $model" "meta $model" mock; do
        code=0
        timeout 60 "$practicus" $command > /dev/full 2> err || code=$?
        [ $code = 1 ] || fail "exit code $code for a full disk: $command"
        says "standard output cannot be written"
    done
    code=0
    "$practicus" predict $model < in.csv > /dev/full 2> err || code=$?
    [ $code = 1 ] || fail "no error for a full disk, predicting"
fi

# On a terminal: progress, and colours unless they are not wanted.
script -qec "'$practicus' predict $model in.csv bar.csv" screen > /dev/null
grep -q '\[####################\] 5000 rows' screen || fail "no progress: $(cat screen)"
cmp bar.csv filtered.csv
script -qec "stty cols 40; '$practicus' predict $model in.csv narrow.csv" screen > /dev/null
tr '\r' '\n' < screen | sed -n 's/^\x1b\[K//p' > lines
[ -s lines ] && ! grep -q '.\{40\}' lines || fail "wider than the terminal: $(cat lines)"
script -qec "'$practicus' models --region nowhere" screen > /dev/null || true
! grep -q $'\033' screen || fail "a colour, with NO_COLOR"
NO_COLOR='' script -qec "'$practicus' models --region nowhere" screen > /dev/null || true
grep -q $'\033\\[1;31mpracticus:' screen || fail "no colour on a terminal"
for command in "models --region nowhere" "predict $model in.csv dumb.csv"; do
    NO_COLOR='' TERM=dumb script -qec "'$practicus' $command" screen > /dev/null || true
    ! grep -q $'\033' screen || fail "a dumb terminal is steered: $(cat screen)"
done
cmp dumb.csv filtered.csv

# A pipe that is closed ends it, quietly.
set +o pipefail
{ sed '1i carat' <(seq 1 300000) | { "$practicus" predict $model 2> err; echo $? > code; } | head -n 1 > out; } || true
set -o pipefail
[ "$(cat out)" = prediction ] || fail "no first line"
[ "$(cat code)" = 141 ] || fail "a closed pipe: $(cat code)"
quiet

# Ctrl-C: nothing is lost, and it can be gone on with.
mkfifo slow
$interruptible "$practicus" predict $model slow part.csv --rows 10 --rejected part.rej > slow.out 2> slow.err &
pid=$!
exec 9> slow
head -n 1001 in.csv >&9
until [ "$(wc -l < part.csv)" -gt 900 ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
resume="$practicus predict $model in.csv part.csv --resume"
expect 1 $resume --rejected part.rej --rows 10
says "'part.csv' is being written by another run"
expect 1 "$practicus" predict $model in.csv part2.csv --rejected part.rej
says "'part.rej' is being written by another run"
expect 2 "$practicus" predict $model in.csv part.csv --rows 10
says "is of a run that has not ended; --resume goes on with it"
kill -INT $pid
sleep 0.05
exec 9>&-
code=0
wait $pid || code=$?
[ $code = 130 ] || fail "interrupted: $code"
cp slow.err err
says "--resume goes on"
# What does not belong to it changes nothing.
cp part.csv kept
expect 2 $resume
says "/part.rej': name it"
expect 2 $resume --rejected part.rej
says "what decides the results was 'batches of 10 rows', not 'batches of 1000 rows'"
expect 2 "$practicus" predict models/finance/loan-risk in.csv part.csv --resume --rejected part.rej --rows 10
says "the model was"
sed 's/^900$/901/' in.csv > in2.csv
expect 1 "$practicus" predict $model in2.csv part.csv --resume --rejected part.rej --rows 10
says "the source is not the one of the run that is resumed"
cmp part.csv kept
sed 's/^p/q/' kept > part.csv
expect 2 $resume --rejected part.rej --rows 10
says "'part.csv' is not the file that the run has written"
cp kept part.csv
expect 0 $resume --rejected part.rej --rows 10 --in-flight 2 --encoding gzip
cmp part.csv filtered.csv
[ ! -e part.csv.practicus ] || fail "a journal is left"

# A SIGINT that is ignored stays ignored: Ctrl-C is not for what runs in the background.
mkfifo ignoring
"$practicus" predict $model ignoring ignored.csv > out 2> err &
pid=$!
exec 9> ignoring
head -n 10 in.csv >&9
sleep 0.1
kill -INT $pid
sed 1,10d in.csv >&9
exec 9>&-
code=0
wait $pid || code=$?
[ $code = 0 ] || fail "an ignored SIGINT ends it: $code"
cmp ignored.csv filtered.csv

mkfifo endless
$interruptible "$practicus" predict $model endless --whole > out 2> err &
pid=$!
exec 9> endless
sleep 0.1
kill -INT $pid
code=0
wait $pid || code=$?
exec 9>&-
[ $code = 130 ] || fail "interrupted while it reads: $code"
says interrupted

# The environment stands before core.conf.
PRT_URL=http://127.0.0.1:1 PRT_TOKEN=$token expect 5 "$practicus" models
expect 0 "$practicus" logout --all
says "Logged out of admin@$host"
! grep -q refresh_token .practicus/core.conf || fail "a token is left"
expect 3 "$practicus" models
PRT_URL=$url PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus expect 0 "$practicus" models
stop_region

# A one-time password is read behind the password.
start_region --one-time-password 271828
expect 3 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
says --otp-stdin
expect 2 "$practicus" login "$url" --email admin@company.com --otp-stdin <<< 271828
expect 1 "$practicus" login "$url" --email admin@company.com --password-stdin --otp-stdin <<< practicus
says "there is no one-time password in standard input"
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin --otp-stdin <<< $'practicus\n271828'
expect 0 "$practicus" logout --all
stop_region

# On a terminal, all that a login needs is asked for, and a password that is typed is not shown.
start_region --one-time-password 314159 --max-body 300
mkfifo typed
script -qefc "timeout --foreground 60 '$practicus' login $url; echo code: \$?" screen < typed > /dev/null &
pid=$!
exec 9<> typed
answer() {
    until grep -q "$1: \$" screen 2>/dev/null || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
    echo "$2" >&9
}
answer E-mail admin@company.com
answer Password practicus
answer "One-time password" 314159
wait $pid || true
exec 9>&-
grep -q "code: 0" screen && grep -q "Logged in as admin@" screen || fail "no login: $(cat screen)"
! grep -q "Password: .*practicus" screen || fail "a secret is shown: $(cat screen)"

# Rows that a model refuses do not end a run if there is a file for them.
{ seq 1 100 && printf '%0400d\n' 7 && seq 101 200; } | sed '1i carat' > odd.csv
expect 1 "$practicus" predict models/finance/loan-risk odd.csv odd.out --rows 10
says "rows 101 to 101"
expect 6 "$practicus" predict models/finance/loan-risk odd.csv odd.out --rows 10 --resume --rejected refused.csv
[ "$(tail -n 1 err)" = "practicus: 1 of 201 rows was refused; it is in 'refused.csv'" ] || fail "the last line"
# Batches that are too large are halved: only the row that is too large by itself is refused.
[ "$(wc -l < odd.out)" = 201 ] || fail "not 200 predictions"
[ "$(cat refused.csv)" = "carat
$(printf '%0400d' 7)" ] || fail "not the row that was refused"
expect 6 "$practicus" predict models/finance/loan-risk odd.csv odd.null --rows 10 --rejected /dev/null
cmp odd.null odd.out
expect 0 "$practicus" logout --all
stop_region

# Two versions of a model answer: they are counted, and a run may insist on one.
start_region --canary 50
export PRT_URL=$url PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus
risk=models/finance/loan-risk
expect 0 "$practicus" predict $risk in.csv two.csv --rows 100
says "several versions of the model have answered (batches by version: 1: 25, 2: 25)"
expect 0 "$practicus" predict $risk/v2 in.csv only.csv --only-version 2
quiet
expect 1 "$practicus" predict $risk/v2 in.csv neither.csv --only-version 1 --patience 1
says "only version '1' of the model may respond"
says "version '2' has responded"

# A region that fails now and then has the same results.
stop_region
start_region --fail-every 3
export PRT_URL=$url
expect 0 "$practicus" predict $risk in.csv failing.csv --rows 100
cmp failing.csv two.csv
stop_region
[ "$(sed -n 's/ requests,.*//p' mock.log)" -gt 60 ] || fail "it has not failed"
start_region
export PRT_URL=$url

# JSON Lines: each line has one line in the output or among those that were refused.
line() { echo '{"model":"assistant","messages":[{"role":"user","content":"'"$1"'"}]}'; }
{ line one && echo "no JSON" && line two; } > in.jsonl
expect 1 "$practicus" predict llm/assistant in.jsonl out.jsonl --path chat/completions
says "lines 2 to 2: it is not JSON"
expect 2 "$practicus" predict llm/assistant in.jsonl out.jsonl --resume
says "of another run: the form was 'lines to path 'chat/completions' in packs of 1', not 'lines to path '' in packs of 1'"
expect 6 "$practicus" predict llm/assistant in.jsonl out.jsonl --path chat/completions --resume --rejected refused.jsonl
[ "$(tail -n 1 err)" = "practicus: 1 of 3 lines was refused; it is in 'refused.jsonl'" ] || fail "the last line"
[ "$(cat refused.jsonl)" = "no JSON" ] || fail "not the line that was refused"
[ "$(python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["choices"][0]["message"]["content"])' < out.jsonl | xargs)" = "one two" ] ||
    fail "not the responses in order"
line three | expect 0 "$practicus" predict llm/assistant --json-lines
[ "$(wc -l < out)" = 1 ] || fail "not one line"
printf '{"model":"assistant","input":"%s"}\n' a b c | expect 0 "$practicus" predict llm/assistant --path embeddings --pack 2
[ "$(wc -l < out)" = 3 ] || fail "not three embeddings"
expect 2 "$practicus" predict llm/assistant in.jsonl - --openai --path chat/completions
expect 2 "$practicus" predict llm/assistant in.jsonl - --whole --json-lines
expect 0 "$practicus" predict llm/assistant /dev/null --json-lines
says "the input has no lines"
unset PRT_URL PRT_EMAIL PRT_PASSWORD
stop_region

# What a server in front of a model answers is not written as predictions, though its status is 200.
cat > front.py << 'END'
import contextlib
import http.server
import json
odd = "\u0085\u009b31m\u007f\u061c\u200e\u200f\u202a\u202e\u2066\u2069\u00e4"
with open("odd.json", "w") as file:
    file.write('{ "n" : [1e400, -1E+400, 0.10,\t123456789012345678901234567890],\n "a \\" b":"' + odd + '" }\r\n')
metadata = {"nan": '{"a": NaN}', "empty": "", "list": "[1]", "long": " " * 20_000_000, "odd": open("odd.json").read()}
class Front(http.server.BaseHTTPRequestHandler):
    def answer(self, kind, text, status=200):
        self.send_response(status)
        body = text.encode()
        for name, value in [("Content-Type", kind), ("Content-Length", str(len(body))), ("x-prt-model-id", "42")]:
            self.send_header(name, value)
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)
    def model(self):
        return self.path.split("?")[0].strip("/").split("/")[-1]
    def do_GET(self):
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        text = metadata.get(self.model(), '{"token": "session"}')
        if self.model() == "models":
            text = json.dumps([{"id": 1, "name": "m" + odd, "model_prefix": {"key": odd, "prefix": odd}}])
        self.answer("application/json", text)
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "/console/" in self.path:
            if json.loads(body)["password"] not in ("practicus", "\tprac\ttic\x1bus "):
                return self.answer("application/json", '{"detail": "no"}', 401)
            user = "admin\u009b31m\u202e\u2066\u00e4" if self.path.startswith("/odd/") else "admin"
            self.answer("application/json", json.dumps({"refresh": "refresh", "access": "access", "username": user}))
        elif self.model() in metadata:
            self.answer("text/csv", "p\n2\n")
        elif "columns" in self.path:
            self.answer("text/csv", "id,p\n1,2\n" if body.endswith(b"\n1\n") else "p,id\n1,2\n")
        else:
            self.answer("text/html", "<html><title>Sign in</title>\n</html>\n")
    def log_message(self, *arguments): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 -B front.py > port &
front_pid=$!
until [ -s port ] || ! kill -0 $front_pid 2>/dev/null; do sleep 0.01; done
export PRT_URL=http://127.0.0.1:$(cat port) PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus
printf 'carat\n1\n' > odd.csv
for how in "" --whole "--whole --content-type application/json"; do
    expect 1 "$practicus" predict models/a/page odd.csv $how
    says "is not a prediction"
    says "The region says: text/html: Sign in"
    [ ! -s out ] || fail "a page in place of predictions"
done
printf 'carat\n1\n2\n' > odd.csv
expect 1 "$practicus" predict models/a/columns odd.csv --rows 1 --in-flight 1
says "'p,id', not 'id,p'"
[ "$(cat out)" = $'id,p\n1,2' ] || fail "columns are mixed"
# A prediction needs a model's id, whatever its metadata are.
printf 'carat\n1\n' > odd.csv
for metadata in nan empty list long odd; do
    for how in "" --whole; do
        expect 0 "$practicus" predict models/a/$metadata odd.csv $how
        [ "$(cat out)" = $'p\n2' ] || fail "no prediction with $metadata"
    done
    expect 0 "$practicus" token models/a/$metadata
done
# What a server says steers no terminal; as JSON it stays the same, numbers too.
steers_nothing() {
    python3 - "$@" << 'END' || fail "a terminal is steered, or another value: $*"
import json, sys, unicodedata
for name in sys.argv[1:]:
    for line in open(name, newline="\n").read().split("\n"):
        assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in line), ascii(line)
if sys.argv[1] == "meta":
    came = json.load(open("meta"), parse_float=str, parse_int=str)
    assert came == json.load(open("odd.json"), parse_float=str, parse_int=str), came
END
}
expect 0 "$practicus" meta models/a/odd
mv out meta
steers_nothing meta
for format in table csv json; do
    expect 0 "$practicus" --output $format models
    prints 31m
    steers_nothing out
done
expect 1 "$practicus" meta models/a/nan
says "is not JSON"
# Any character that can be typed belongs to a password.
password=$'\tprac\ttic\033us '
unset PRT_PASSWORD
expect 3 "$practicus" login "$PRT_URL" --email admin@company.com --password-stdin <<< "other"
expect 0 "$practicus" login "$PRT_URL" --email admin@company.com --password-stdin <<< "$password"
PRT_PASSWORD=$password$'\r\n' expect 0 "$practicus" login "$PRT_URL"
rm -f typed
mkfifo typed
script -qefc "timeout --foreground 60 '$practicus' login $PRT_URL --email other@company.com; echo code: \$?" screen < typed > /dev/null &
pid=$!
exec 9<> typed
answer Password "$password"
wait $pid || true
exec 9>&-
grep -q "code: 0" screen || fail "no login: $(cat screen)"
expect 0 "$practicus" login "$PRT_URL/odd" --email admin@company.com --password-stdin <<< practicus
says "31m"
steers_nothing err
# Without a name, a logout is that of the default region.
unset PRT_URL PRT_EMAIL
expect 0 "$practicus" regions --output csv
steers_nothing out
expect 0 "$practicus" logout
[ "$(grep -c "Logged out of" err)" = 1 ] || fail "not one logout"
says "/odd."
steers_nothing err
port=$(cat port)
expect 0 "$practicus" regions --set-default other@company.com@127.0.0.1:$port
PRT_URL=http://127.0.0.1:1 expect 3 "$practicus" logout
PRT_URL=http://127.0.0.1:$port/odd expect 3 "$practicus" logout
expect 0 "$practicus" logout
expect 0 "$practicus" --output csv regions
[ "$(tail -n +2 out | cut -d, -f4)" = admin@company.com ] || fail "another login is forgotten: $(cat out)"
expect 0 "$practicus" logout
[ "$("$practicus" --output csv regions | wc -l)" = 1 ] || fail "a login is left"
kill $front_pid
wait $front_pid || true
front_pid=

# Programs that run at once share one login, also where a region takes back the refresh token that it has replaced.
start_region --rotate
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
pids=()
for i in 1 2 3 4 5 6 7 8; do
    "$practicus" token $model > token.$i 2> err.$i &
    pids+=($!)
done
for i in 1 2 3 4 5 6 7 8; do wait "${pids[$((i - 1))]}" || { cat err.* && exit 1; }; done
for i in 2 3 4 5 6 7 8; do cmp token.1 token.$i; done
expect 0 "$practicus" token $model --verbose
cmp out token.1
! grep -q ': 200' err || fail "a request was made"
[ "$(stat -c %a .practicus/tokens)" = 700 ] || fail "the mode of the tokens' folder"
# Files that others can access are reported once a command, with the command that fixes it.
chmod 644 .practicus/core.conf
chmod 777 .practicus/tokens
expect 0 "$practicus" token $model
says "chmod 600 '$HOME/.practicus/core.conf'"
says "chmod 700 '$HOME/.practicus/tokens'"
[ "$(grep -c chmod err)" = 2 ] || fail "it is told more than once"
chmod 600 .practicus/core.conf
chmod 700 .practicus/tokens
find .practicus/tokens -name '*.json' -exec chmod 644 {} +
expect 0 "$practicus" token $model
says "chmod 600 '$HOME/.practicus/tokens/"
[ -z "$(grep chmod err | sort | uniq -d)" ] || fail "it is told more than once"
expect 0 "$practicus" token $model
quiet
# A command that waits for another one says so, and goes on.
exec 8<> .practicus/core.conf.lock
flock 8
"$practicus" regions --set-default "$url" > out 2> err 8>&- &
pid=$!
until grep -q "waiting for another process" err || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
exec 8>&-
wait $pid || fail "a lock that was given back ends a command"
says "core.conf.lock"
# A region that goes away is waited for, and it is said why.
mkfifo waiting
$interruptible "$practicus" predict $model waiting waited.csv --rows 1 > slow.out 2> slow.err &
pid=$!
exec 9> waiting
head -n 5 in.csv >&9
until [ -s waited.csv ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
stop_region
sed -n 6,9p in.csv >&9
until grep -q "sent again" slow.err || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
kill -INT $pid
exec 9>&-
code=0
wait $pid || code=$?
cp slow.err err
[ $code = 130 ] || fail "interrupted while it waits: $code"
says "Batches are sent again: "
says "Connection refused"
# A valid token does not hide that the region is unreachable.
expect 0 "$practicus" token $model
expect 5 "$practicus" predict $model in.csv new.csv
[ ! -e new.csv ] || fail "a file for nothing"
expect 0 "$practicus" logout --all
[ -z "$(find .practicus/tokens -name '*.json')" ] || fail "tokens are left"

# Users of one local part are told apart, also where the region says nothing of them.
start_region --no-usernames
host=${url#http://}
for user in sales labs; do
    expect 0 "$practicus" login "$url" --email admin@$user.company.com --password-stdin <<< practicus
    expect 0 "$practicus" token $model
    mv out token.$user
done
! cmp -s token.sales token.labs || fail "a token of another user"
for place in "--url $url" "--region $host"; do
    expect 0 "$practicus" $place token $model
    cmp out token.labs
done
expect 0 "$practicus" --region admin@sales.company.com@$host token $model
cmp out token.sales
expect 1 "$practicus" logout "$url"
says "name one: admin@"
token=$(sed -n '/^email = admin@labs/,/^$/s/^refresh_token = //p' .practicus/core.conf)
expect 2 "$practicus" login "$url" --token-stdin <<< "$token"
says "give --email"
expect 0 "$practicus" login "$url" --email admin@labs.company.com --token-stdin <<< "$token"
expect 0 "$practicus" logout admin@labs.company.com@$host
says "admin@$host is the default now"
expect 0 "$practicus" token $model
cmp out token.sales
expect 0 "$practicus" logout --all
stop_region

# core.conf: what names nothing is told, with what there is; and nothing of it goes to another region.
start_region
port=${url##*:}
expect 0 "$practicus" login "http://LocalHost:$port/" --email admin@company.com --password-stdin <<< practicus
says "Logged in as admin@LocalHost:$port;"
grep -qx "host_url = http://LocalHost:$port" .practicus/core.conf || fail "the url is not as it was typed"
# A login leaves its access token to the next command.
expect 0 "$practicus" models --verbose
[ "$(grep -c ': 200' err)" = 1 ] || fail "more than one request"
expect 0 "$practicus" --region "LOCALHOST:$port" models
expect 0 "$practicus" --url "http://localhost:$port" models
for other in "--url https://localhost:$port" "--url http://localhost:$port/a" "--region nowhere"; do
    expect 3 "$practicus" $other models
    says "it has admin@LocalHost:$port"
done
expect 3 "$practicus" token "https://localhost:$port/models/practicus/diamond-price/"
cp .practicus/core.conf kept
sed -i 's/^default_region_key = .*/default_region_key = admin@nowhere/' .practicus/core.conf
expect 3 "$practicus" models
says "make one the default: admin@LocalHost:$port"
sed -i '/^default_region_key/d' .practicus/core.conf
expect 3 "$practicus" models
says "names no default region"
expect 0 "$practicus" regions --set-default "localhost:$port"
expect 0 "$practicus" models
PRT_URL="$url
" PRT_TOKEN=$(sed -n 's/^refresh_token = //p' kept) expect 0 "$practicus" models
# It is read as Python's configparser reads it.
sed 's/^host_url = /Host_URL: /; s/^\[cloud\]$/&\nnote = one\n  two\n; a comment\n\tthree/' kept > .practicus/core.conf
expect 0 "$practicus" models
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
grep -A3 '^note = one' .practicus/core.conf | tr '\n' '|' | grep -qF "$(printf 'note = one|\ttwo|\tthree|')" || fail "a value is lost"
(echo '[k8s_config_0]' && cat kept) > .practicus/core.conf
cp .practicus/core.conf twice
expect 1 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
says "the section stands there twice"
cmp .practicus/core.conf twice
# A login that the SDK has removed leaves its tokens; a logout removes them.
sed '/^\[k8s_config_0\]/,/^$/d' kept > .practicus/core.conf
[ -n "$(find .practicus/tokens -name '*.json')" ] || fail "no tokens"
expect 0 "$practicus" logout --all
[ -z "$(find .practicus/tokens -mindepth 1)" ] || fail "tokens are left: $(find .practicus/tokens)"
stop_region

# TLS.
start_region --tls ca.pem
expect 1 "$practicus" mock --port "${url##*:}"
says "Address already in use"
expect 1 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
says --ca-file
expect 0 "$practicus" --ca-file ca.pem login "$url" --email admin@company.com --password-stdin <<< practicus
expect 0 "$practicus" --ca-file ca.pem models --verbose
says TLSv1.3
# A key may come from a pipe, which can be read once.
if command -v openssl > /dev/null; then
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=client" \
        -keyout pipe.key -out pipe.pem 2> /dev/null
    expect 0 "$practicus" --ca-file ca.pem --client-cert pipe.pem --client-key <(cat pipe.key) models
fi
# Kept with the login, wherever the next command is run, until a logout.
expect 0 env -C / "$practicus" models
grep -qx "ca_file = $scratch/ca.pem" .practicus/core.conf || fail "the authority is not kept"
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
PRACTICUS_CA_FILE=nowhere.pem expect 1 "$practicus" models
says nowhere.pem
expect 0 "$practicus" logout --all
! grep -q ca.pem .practicus/core.conf || fail "the authority is kept after the logout"
SSL_CERT_FILE=ca.pem expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
PRACTICUS_CA_FILE='' expect 1 "$practicus" models
PRACTICUS_CA_FILE=ca.pem expect 0 "$practicus" models
PRACTICUS_CA_FILE=nowhere.pem expect 0 "$practicus" --ca-file ca.pem models
expect 2 "$practicus" --ca-file ca.pem --client-key key.pem models
says --client-cert
PRACTICUS_CLIENT_CERT=nowhere.pem PRACTICUS_CLIENT_KEY=key.pem expect 1 "$practicus" --ca-file ca.pem models
says "the client certificate 'nowhere.pem'"
expect 1 "$practicus" --ca-file ca.pem --client-cert nowhere.pem models
says "the client certificate 'nowhere.pem'"
# A key's password is never an argument, and never asked for without a terminal.
printf -- '-----BEGIN ENCRYPTED PRIVATE KEY-----\n' > key.pem
printf 'key-password\r\n' > password
expect 2 "$practicus" --ca-file ca.pem --client-cert ca.pem --client-key key.pem models < /dev/null
says "the client's key is encrypted"
says PRACTICUS_KEY_PASSWORD
expect 1 "$practicus" --ca-file ca.pem --client-cert ca.pem --client-key key.pem --key-password-file nowhere models
says "there is no line in 'nowhere'"
expect 1 "$practicus" --ca-file ca.pem --client-cert ca.pem --client-key key.pem --key-password-file password models
says "key 'key.pem'"
! grep -q key-password err || fail "the password is shown"
PRACTICUS_KEY_PASSWORD=key-password expect 1 "$practicus" --ca-file ca.pem --client-cert ca.pem --client-key key.pem models
says "key 'key.pem'"
! grep -q key-password err || fail "the password is shown"
stop_region

# Answers in gzip, and headers that are too long.
start_region --gzip
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
expect 0 "$practicus" --output csv models --name loan-risk
[ "$(sed -n 2p out)" = "43,loan-risk,models/finance,1" ] || fail "the list of models in gzip"
expect 1 "$practicus" --header-limit 50 models
says "the response's header exceeds its limit"
says --header-limit
expect 0 "$practicus" models --header-limit 1000
for number in 0 x 1k 10000000000; do
    expect 2 "$practicus" models --header-limit $number
    says "'$number' is no whole number from 1"
done
stop_region

# A model that is scaled to zero, and one that starts.
start_region --cold-start 86400
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
expect 7 "$practicus" wait models/finance/loan-risk --timeout 1
says "The region says: no healthy upstream"
script -qec "'$practicus' wait models/finance/loan-risk --timeout 1" screen > /dev/null || true
grep -q $'\r\033\\[KNot up after [01] s of 1 s\r\033\\[K' screen || fail "no progress: $(cat screen)"
expect 4 "$practicus" wait models/finance/nothing
expect 0 "$practicus" wait apps/tools/viewer --app
session=$("$practicus" token models/practicus/diamond-price)
PRT_URL=$url PRT_TOKEN=$session expect 3 "$practicus" wait models/finance/loan-risk
says "cannot ask for an id"
expect 2 "$practicus" wait models/finance/loan-risk --timeout 0
stop_region
expect 5 "$practicus" wait models/finance/loan-risk
start_region --cold-start 1
expect 0 "$practicus" login "$url" --email admin@company.com --password-stdin <<< practicus
expect 0 "$practicus" wait models/finance/loan-risk --verbose
says ": 503,"
expect 0 "$practicus" predict models/finance/loan-risk one.csv
expect 0 "$practicus" wait models/finance/loan-risk
quiet
stop_region

# Machines that share a Redis server; each has a home of its own.
expect 2 "$practicus" --token-store http://store:pass models
says "--token-store"
! grep -q pass err || fail "the url of a store is quoted"
if ! grep -q 'built without hiredis' err; then
    start_region
    export PRT_URL=$url PRT_EMAIL=admin@company.com PRT_PASSWORD=practicus
    PRACTICUS_TOKEN_STORE_KEY=short expect 2 "$practicus" --token-store redis://127.0.0.1:1 models
    says "64 hexadecimal digits"
    PRACTICUS_TOKEN_STORE_KEY= expect 2 "$practicus" --token-store redis://127.0.0.1:1 models
    says "64 hexadecimal digits"
    expect 2 "$practicus" --ca-file missing.pem --token-store REDISS://127.0.0.1:1 models
    says "redis_token_store_options::tls.ca_file"
    expect 0 "$practicus" --token-store redis://127.0.0.1:1 token models/practicus/diamond-price
    says "not shared with other commands: the token store 127.0.0.1:1: Connection refused"
    if start_store; then
        key=$(printf '%064d' 7)
        mkdir one other
        PRACTICUS_TOKEN_STORE_KEY=$key PRACTICUS_TOKEN_STORE=$store HOME=$scratch/one \
            expect 0 "$practicus" token models/practicus/diamond-price --verbose
        says "POST /console/api/auth/"
        mv out first
        PRACTICUS_TOKEN_STORE_KEY=$key HOME=$scratch/other \
            expect 0 "$practicus" --token-store "$store" token models/practicus/diamond-price --verbose
        quiet
        cmp first out || fail "the token is not the shared one"
        kill $store_pid
        wait $store_pid || true
        store_pid=
    fi
    stop_region
    unset PRT_URL PRT_EMAIL PRT_PASSWORD
fi

# What it knows stands in the manual page and in the completions.
for shell in bash zsh; do expect 0 "$practicus" completion $shell && mv out completion.$shell; done
"$practicus" --help | sed -n '/^Subcommands:/I,/^$/s/^  \([a-z]*\) .*/\1/p' > commands
[ "$(wc -l < commands)" -ge 12 ] || fail "no commands"
for command in $(cat commands); do
    expect 0 "$practicus" $command --help
    for option in region url ca-file client-cert client-key key-password-file token-store header-limit output verbose; do
        grep -q "^ *--$option" out || fail "the help of $command does not name --$option"
    done
done
for command in "" $(cat commands); do
    # (No quotes: without a command, these are the global options.)
    for word in $command $("$practicus" $command --help | grep -oE '^ +(-h, *)?--[a-z-]+' | grep -oE -- '--[a-z-]+'); do
        [ "$word" = --help ] || grep -q -- "$word" completion.bash || fail "bash does not complete $word"
        [ "$word" = --help ] || grep -q -- "$word" completion.zsh || fail "zsh does not complete $word"
        grep -qE -- "(Cm|Fl) (h , Fl )?${word#-}( |\$)" "$manual" || grep -qE -- "Fl ${word#-}( |\$)" "$manual" ||
            fail "the manual does not know $word"
    done
done
complete_words() {
    (
        . ./completion.bash
        COMP_WORDS=(practicus "$@") COMP_CWORD=$#
        COMP_LINE="practicus $*"
        COMP_POINT=${#COMP_LINE}
        _practicus
        echo "${COMPREPLY[@]}"
    )
}
[ "$(complete_words mod)" = models ] || fail "bash: mod"
[ "$(complete_words predict --enc)" = --encoding ] || fail "bash: predict --enc"
[ "$(complete_words --output j)" = json ] || fail "bash: --output j"
[ "$(complete_words --region models tok)" = token ] || fail "bash: a value is no command"
grep -q "^ *models) .*'--deployed.*'--output" completion.zsh || fail "zsh: global options behind a command"
[ "$(complete_words completion z)" = zsh ] || fail "bash: completion z"
if command -v zsh >/dev/null; then
    zsh -n completion.zsh
else
    echo "SKIPPED: zsh's own look at its completion: it is not installed"
fi
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$manual"
else
    echo "SKIPPED: mandoc's look at the manual: it is not installed"
fi
