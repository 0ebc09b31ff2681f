# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on requests. It blocks, so each connection has a thread and a session of its own."""

import concurrent.futures

import common
import requests
import urllib3.util

LOGIN = {"email": "admin@company.com", "password": "practicus"}


def make_session(command):
    session = requests.Session()
    # The other peers ask for no compression, and no proxy, either.
    session.headers = {**common.HEADERS, "Accept-Encoding": urllib3.util.SKIP_HEADER}
    session.trust_env = False
    if command.ca:
        session.verify = command.ca
    return session


def get(session, url, **arguments):
    answer = session.get(url, timeout=30, **arguments)
    answer.raise_for_status()
    return answer


def exchange(session, url):
    common.check_cluster(get(session, url + common.CLUSTER).json())


def listing(session, url):
    return len(get(session, url + common.LISTING).json())


def log_in(session, url):
    session.headers.pop("Authorization", None)
    answer = session.post(url + "/console/api/auth/", json=LOGIN, timeout=30)
    answer.raise_for_status()
    session.headers["Authorization"] = "Bearer " + answer.json()["access"]


def session_token(session, url, model):
    found = get(session, f"{url}/models/many/model-{model}/?get_meta=true").headers["x-prt-model-id"]
    answer = get(session, url + "/console/api/modelhost/model-auth/", json={"model_id": int(found)})
    if not answer.json()["token"].startswith("eyJ"):
        raise ValueError("a token is none")


def repeat_on(session, command, quota):
    call = {"exchange": exchange, "listing": listing}[command.work]
    done, models = 0, None
    while quota.goes_on(done):
        models = call(session, command.url)
        done += 1
    return done, models


def exchanges(command):
    sessions = [make_session(command) for _ in range(command.connections)]

    def repeat(quota):
        if len(sessions) == 1:
            return repeat_on(sessions[0], command, quota)
        results = list(pool.map(lambda s: repeat_on(s, command, quota), sessions))
        return sum(done for done, _ in results), results[0][1]

    with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
        repeat(common.warm_up(command))
        watch = common.Stopwatch()
        done, models = repeat(common.much(command))
        figures = watch.stop(done)
    if models:
        figures["models"] = models
    return figures


def flow_cold(command):
    def once():
        with make_session(command) as session:
            log_in(session, command.url)
            session_token(session, command.url, 0)

    once()
    quota, done = common.much(command), 0
    watch = common.Stopwatch()
    while quota.goes_on(done):
        once()
        done += 1
    return watch.stop(done)


def flow_warm(command):
    """A token of a model that was not asked for before, as often as there are exchanges."""
    with make_session(command) as session:
        log_in(session, command.url)
        session_token(session, command.url, 0)
        watch = common.Stopwatch()
        for model in range(1, command.exchanges + 1):
            session_token(session, command.url, model)
        return watch.stop(command.exchanges)


def tokens(command):
    with make_session(command) as session:
        watch = common.Stopwatch()
        log_in(session, command.url)
        for model in range(command.exchanges):
            session_token(session, command.url, model)
        return watch.stop(command.exchanges)


def main():
    own = {"flow_cold": flow_cold, "flow_warm": flow_warm, "tokens": tokens}
    command = common.read_command(["exchange", "listing", *own])
    figures = own.get(command.work, exchanges)(command)
    common.report("python requests", {"requests": requests.__version__}, command, figures)


main()
