# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on requests. It blocks, so each connection has a thread and a session of its own."""

import concurrent.futures
import contextlib

import common
import requests
import urllib3.util


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


@contextlib.contextmanager
def logged_in(command):
    login = {"email": common.EMAIL, "password": common.PASSWORD}
    with make_session(command) as session:
        session.headers.pop("Authorization", None)
        answer = session.post(command.url + "/console/api/auth/", json=login, timeout=30)
        answer.raise_for_status()
        session.headers["Authorization"] = "Bearer " + answer.json()["access"]
        yield lambda model: fetch_token(session, command.url, model)


def fetch_token(session, url, model):
    found = get(session, f"{url}/models/many/model-{model}/?get_meta=true").headers["x-prt-model-id"]
    answer = get(session, url + "/console/api/modelhost/model-auth/", json={"model_id": int(found)})
    common.check_token(answer.json()["token"])


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


def main():
    command = common.read_command(["exchange", "listing", *common.FLOWS])
    flow = common.FLOWS.get(command.work)
    figures = flow(command, logged_in) if flow else exchanges(command)
    common.report("python requests", {"requests": requests.__version__}, command, figures)


main()
