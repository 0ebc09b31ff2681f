# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""serve.py uvicorn_h11|uvicorn_httptools|hypercorn|gunicorn|fastapi plain|tls12|tls13 CERTIFICATES

Serves app.py, wsgi.py or fastapi_app.py on a free port, which it prints. Closes connections that are idle for a second; fastapi for a minute.
"""

import asyncio
import os
import socket
import ssl
import sys

VERSIONS = {"tls12": ssl.TLSVersion.TLSv1_2, "tls13": ssl.TLSVersion.TLSv1_3}

server, mode, certificates = sys.argv[1:]
key, certificate, authority = (os.path.join(certificates, name) for name in ("server.key", "server.pem", "ca.pem"))


def listening():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(listener.getsockname()[1], flush=True)
    return listener


def limited(context):
    context.minimum_version = context.maximum_version = VERSIONS[mode]
    return context


def uvicorn(parser, app, keep_alive=1):
    import uvicorn

    tls = dict(ssl_keyfile=key, ssl_certfile=certificate, ssl_ca_certs=authority, ssl_cert_reqs=ssl.CERT_REQUIRED)
    config = uvicorn.Config(
        app, http=parser, loop="asyncio", lifespan="off", log_level="warning", timeout_keep_alive=keep_alive,
        timeout_graceful_shutdown=1, **(tls if mode != "plain" else {}))
    config.load()
    if mode != "plain":
        limited(config.ssl)
    uvicorn.Server(config).run(sockets=[listening()])


def hypercorn():
    from app import app
    from hypercorn.asyncio import serve
    from hypercorn.config import Config

    class Limited(Config):
        def create_ssl_context(self):
            context = super().create_ssl_context()
            return context and limited(context)

    config = Limited()
    config.bind = f"fd://{listening().detach()}"
    config.loglevel = "WARNING"
    config.keep_alive_timeout = config.graceful_timeout = 1
    if mode != "plain":
        config.keyfile, config.certfile, config.ca_certs = key, certificate, authority
        config.verify_mode = ssl.CERT_REQUIRED
    asyncio.run(serve(app, config))


def gunicorn():
    from gunicorn.app.base import BaseApplication
    from wsgi import app

    settings = dict(
        bind=f"fd://{listening().detach()}", worker_class="gthread", threads=64, keepalive=1, graceful_timeout=1,
        loglevel="warning", control_socket_disable=True)
    if mode != "plain":
        settings.update(
            keyfile=key, certfile=certificate, ca_certs=authority, cert_reqs=ssl.CERT_REQUIRED,
            ssl_context=lambda config, make: limited(make()))

    class Application(BaseApplication):
        def load_config(self):
            for name, value in settings.items():
                self.cfg.set(name, value)

        def load(self):
            return app

    Application().run()


if server.startswith("uvicorn_"):
    from app import app

    uvicorn(server.removeprefix("uvicorn_"), app)
elif server == "fastapi":
    from fastapi_app import app

    uvicorn("h11", app, keep_alive=60)
else:
    {"hypercorn": hypercorn, "gunicorn": gunicorn}[server]()
