# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""A region's console and its models as a WSGI application, for gunicorn."""

import threading

TOO_LARGE = b'{"detail":"too large"}'
CONSOLE = b'{"token":"opaque","NAME":"cluster","REGION_NAME":"foreign"}'


def pieces(environ):
    """The request's body, as it comes."""
    return iter(lambda: environ["wsgi.input"].read(65536), b"")


def answer(start_response, body, status="200 OK", fields=()):
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *fields])
    return [body]


def echo(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/csv")])
    return pieces(environ)


def refuse(environ, start_response):
    """What becomes of the request and of the connection is the server's own choice."""
    return answer(start_response, TOO_LARGE, "413 Content Too Large")


def refuse_and_hold(environ, start_response):
    """The whole 413 is sent. For the server the answer is not over, so it neither reads on nor closes."""
    yield from refuse(environ, start_response)
    threading.Event().wait()


def count(environ, start_response):
    return answer(start_response, str(sum(map(len, pieces(environ)))).encode())


def get(environ, start_response):
    for _ in pieces(environ):
        pass
    return answer(start_response, CONSOLE, fields=[("x-prt-model-id", "42")])


MODELS = {"echo": echo, "hold": refuse_and_hold, "refuse": refuse, "count": count}


def app(environ, start_response):
    if environ["REQUEST_METHOD"] == "GET":
        return get(environ, start_response)
    return MODELS[environ["PATH_INFO"].strip("/").split("/")[-1]](environ, start_response)
