# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""A region's console and its models as an ASGI application, for uvicorn and hypercorn."""

import asyncio

TOO_LARGE = b'{"detail":"too large"}'
CONSOLE = b'{"token":"opaque","NAME":"cluster","REGION_NAME":"foreign"}'


async def answer(send, body, status=200, fields=(), more=False):
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *fields]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def pieces(receive):
    """The request's body, as it comes."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message["more_body"]
        yield message["body"]


async def echo(receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/csv")]})
    async for piece in pieces(receive):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def refuse_and_hold(receive, send):
    """The whole 413 is sent. For the server the answer is not over, so it neither reads on nor closes."""
    await answer(send, TOO_LARGE, 413, more=True)
    await asyncio.Event().wait()


async def refuse(receive, send):
    """What becomes of the request and of the connection is the server's own choice."""
    await answer(send, TOO_LARGE, 413)


async def count(receive, send):
    size = 0
    async for piece in pieces(receive):
        size += len(piece)
    await answer(send, b"%d" % size)


async def get(receive, send):
    async for _ in pieces(receive):
        pass
    await answer(send, CONSOLE, fields=[(b"x-prt-model-id", b"42")])


MODELS = {"echo": echo, "hold": refuse_and_hold, "refuse": refuse, "count": count}


async def app(scope, receive, send):
    assert scope["type"] == "http"
    act = get if scope["method"] == "GET" else MODELS[scope["path"].strip("/").split("/")[-1]]
    await act(receive, send)
