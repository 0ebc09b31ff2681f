# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on aiohttp: a task a connection, one session."""

import asyncio
import os
import resource
import ssl

import time

import aiohttp
import common
from hdrh.histogram import HdrHistogram


# asyncio wakes up to a millisecond late; what is due sooner is looked for between turns of its loop.
AHEAD = 0.0015


async def exchange(session, url):
    async with session.get(url + common.CLUSTER) as answer:
        answer.raise_for_status()
        common.check_cluster(await answer.json())


async def listing(session, url):
    async with session.get(url + common.LISTING) as answer:
        answer.raise_for_status()
        return len(await answer.json())


def rows_of(size):
    rows = ["carat,cut,colour,clarity,depth,table,x,y,z\n"]
    # None has fewer bytes.
    for n in range(size // 40):
        rows.append(f"0.{20 + n % 79},Ideal,E,SI2,6{n % 7}.5,55,3.{100 + n * 31 % 899},3.98,2.43\n")
    return "".join(rows)[:size].encode()


def prediction(size):
    body, wanted = rows_of(size), size // 4
    headers = {"Accept": "*/*", "Content-Type": "text/csv"}

    async def predict(session, url):
        async with session.post(f"{url}/models/lean/answer-{wanted}/", data=body, headers=headers) as answer:
            answer.raise_for_status()
            text = await answer.read()
        if len(text) != wanted or not text.startswith(b"prediction\n"):
            raise ValueError("a wrong answer")

    return predict


def call_of(command):
    if command.work == "listing":
        return listing
    return prediction(command.bytes) if command.work == "predict" else exchange


async def repeat(session, command, quota):
    call = call_of(command)

    async def one():
        done, models = 0, None
        while quota.goes_on(done):
            models = await call(session, command.url)
            done += 1
        return done, models

    results = await asyncio.gather(*(one() for _ in range(command.connections)))
    return sum(done for done, _ in results), results[0][1]


def open_sockets():
    folder = "/proc/self/fd"
    count = 0
    for name in os.listdir(folder):
        try:
            count += os.readlink(f"{folder}/{name}").startswith("socket:")
        except FileNotFoundError:
            # That of the folder itself.
            pass
    return count


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def make_session(command):
    trusted = ssl.create_default_context(cafile=command.ca) if command.ca else True
    # None is closed while others are still being opened.
    connector = aiohttp.TCPConnector(limit=command.connections, ssl=trusted, keepalive_timeout=600)
    # The other peers ask for no compression either.
    return aiohttp.ClientSession(connector=connector, headers=common.HEADERS, skip_auto_headers=["Accept-Encoding"])


async def measure(command):
    async with make_session(command) as session:
        await repeat(session, command, common.warm_up(command))
        watch = common.Stopwatch()
        done, models = await repeat(session, command, common.much(command))
        figures = watch.stop(done)
    if models:
        figures["models"] = models
    if command.work == "predict":
        figures["bytes"] = command.bytes + command.bytes // 4
    return figures


async def load(command):
    """Calls that arrive at a fixed rate, independently of earlier ones: a task each, over so many connections."""
    latency = HdrHistogram(1, 60_000_000_000, 3)
    count = int(command.rate * command.seconds)
    async with make_session(command) as session:
        await repeat(session, command, common.warm_up(command))

        async def one(due):
            await exchange(session, command.url)
            latency.record_value(int(1e9 * (time.perf_counter() - due)))

        tasks = []
        watch = common.Stopwatch()
        for i in range(count):
            due = watch.began + i / command.rate
            while (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left - AHEAD if left > AHEAD else 0)
            tasks.append(asyncio.create_task(one(due)))
        await asyncio.gather(*tasks)
        figures = watch.stop(count)
    percentiles = {p: latency.get_value_at_percentile(float(p)) / 1e3 for p in ("50", "90", "99", "99.9")}
    percentiles["max"] = latency.get_max_value() / 1e3
    return {**figures, "latency_us": percentiles, "rate": command.rate, "length": command.seconds}


async def read_events(session, url, count):
    """aiohttp has no parser of event streams: these are the fields that the server sends."""
    number, data = 0, []
    async with session.get(url, headers={"Accept": "text/event-stream"}) as answer:
        answer.raise_for_status()
        async for line in answer.content:
            line = line.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                data.append(line[5:].removeprefix(b" "))
            elif not line and data:
                if not b"\n".join(data).decode().startswith(f"{number} "):
                    raise ValueError("a wrong event")
                number, data = number + 1, []
    if number != count:
        raise ValueError(f"{number} events of {count}")


async def events(command):
    """The events of as many streams at once as there are connections."""

    async def read_all(session, each):
        url = f"{command.url}/models/llm/chat/events?events={each}&rate={int(command.rate)}"
        await asyncio.gather(*(read_events(session, url, each) for _ in range(command.connections)))

    each = command.exchanges // command.connections
    async with make_session(command) as session:
        await read_all(session, 1)
        watch = common.Stopwatch()
        await read_all(session, each)
        return watch.stop(each * command.connections)


async def memory(command):
    """The memory of an idle connection."""
    sockets, pages = open_sockets(), resident()
    async with make_session(command) as session:
        watch = common.Stopwatch()
        done, rounds = 0, 0
        # A pool opens fewer than it may, if the first are free again before the last are there.
        while rounds < 3 or open_sockets() - sockets != command.connections:
            if rounds == 50:
                raise SystemExit(f"{open_sockets() - sockets} of {command.connections} connections are open")
            done += (await repeat(session, command, common.Quota(each=1)))[0]
            rounds += 1
        figures = watch.stop(done)
        figures["resident_each"] = (resident() - pages) / command.connections
    return figures


def main():
    # Thousands of connections need as many descriptors.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    works = {"exchange": measure, "listing": measure, "memory": memory, "predict": measure, "load": load,
             "events": events}
    command = common.read_command(list(works))
    figures = asyncio.run(works[command.work](command))
    common.report("python aiohttp", {"aiohttp": aiohttp.__version__}, command, figures)


main()
