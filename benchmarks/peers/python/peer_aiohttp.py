# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The benchmark's peer on aiohttp: a task a connection, one session."""

import asyncio
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
    call = {"exchange": exchange, "listing": listing}[command.work]

    async def one():
        done, models = 0, None
        while quota.goes_on(done):
            models = await call(session, command.url)
            done += 1
        return done, models

    results = await asyncio.gather(*(one() for _ in range(command.connections)))
    return sum(done for done, _ in results), results[0][1]


async def run(command):
    trusted = ssl.create_default_context(cafile=command.ca) if command.ca else True
    connector = aiohttp.TCPConnector(limit=command.connections, ssl=trusted)
    # The other peers ask for no compression either.
    async with aiohttp.ClientSession(
        connector=connector, headers=common.HEADERS, skip_auto_headers=["Accept-Encoding"]
    ) as session:
        await repeat(session, command, common.warm_up(command))
        watch = common.Stopwatch()
        done, models = await repeat(session, command, common.much(command))
        figures = watch.stop(done)
    if models:
        figures["models"] = models
    common.report("python aiohttp", {"aiohttp": aiohttp.__version__}, command, figures)


asyncio.run(run(common.read_command(["exchange", "listing"])))
