# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on aiohttp: a task a connection, one session."""

import asyncio
import os
import resource
import ssl

import aiohttp
import common


async def exchange(session, url):
    async with session.get(url + common.CLUSTER) as answer:
        answer.raise_for_status()
        common.check_cluster(await answer.json())


async def listing(session, url):
    async with session.get(url + common.LISTING) as answer:
        answer.raise_for_status()
        return len(await answer.json())


async def repeat(session, command, quota):
    call = listing if command.work == "listing" else exchange

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
    return figures


async def memory(command):
    """What a connection occupies between two exchanges."""
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
    command = common.read_command(["exchange", "listing", "memory"])
    figures = asyncio.run((memory if command.work == "memory" else measure)(command))
    common.report("python aiohttp", {"aiohttp": aiohttp.__version__}, command, figures)


main()
