# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Shared code of the tests of the vendor's SDK. run.sh sets HOME to a scratch folder and PRACTICUS to the command line."""

import base64
import collections
import contextlib
import http.client
import http.server
import importlib.metadata
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

# Slow imports of the SDK are done before the forks.
import cryptography.hazmat.primitives.asymmetric.rsa  # noqa: F401
import jwt  # noqa: F401
import pandas  # noqa: F401
import pydantic  # noqa: F401
import requests  # noqa: F401

from mock_process import PRACTICUS, mock_region  # noqa: F401

VERSION = importlib.metadata.version("practicuscore")
EMAIL, PASSWORD = "admin@company.com", "practicus"


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def refresh_token(url):
    login = urllib.request.Request(
        url + "/console/api/auth/", json.dumps({"email": EMAIL, "password": PASSWORD}).encode()
    )
    login.add_header("content-type", "application/json")
    with urllib.request.urlopen(login) as answer:
        return json.load(answer)["refresh"]


class Front(http.server.ThreadingHTTPServer):
    """Regions at paths of one server, as behind a reverse proxy. Notes each request."""

    def __init__(self, **regions):
        """From the first segment of the path to the region's url; `root` is the region at the server's root."""
        self.regions = {"/" + name: urllib.parse.urlsplit(url).netloc for name, url in regions.items()}
        self.root = self.regions.pop("/root", None)
        self.seen = []
        self.answers = {}  # By target: a JSON value that is answered without asking a region.
        super().__init__(("127.0.0.1", 0), _Forwarding)
        self.url = "http://127.0.0.1:%d" % self.server_port
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *unused):
        self.shutdown()
        self.server_close()

    def take(self):
        """The requests since the last call."""
        seen, self.seen = self.seen, []
        return seen


Request = collections.namedtuple("Request", "method target headers body")


class _Forwarding(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_one_request(self):
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def forward(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.seen.append(Request(self.command, self.path, self.headers, body))
        if self.path in self.server.answers:
            return self.reply(
                200, [("content-type", "application/json")], json.dumps(self.server.answers[self.path]).encode()
            )
        target, address = self.path, self.server.root
        for path, region in self.server.regions.items():
            if target.startswith(path + "/"):
                target, address = target[len(path) :], region
        upstream = http.client.HTTPConnection(address, timeout=60)
        upstream.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        self.reply(answer.status, answer.getheaders(), answer.read())
        upstream.close()

    def reply(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = forward

    def log_message(self, *unused):
        pass


class Home:
    """A folder with a core.conf of its own, for both clients."""

    def __init__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(dir=os.environ["HOME"]))
        self.conf = self.path / ".practicus" / "core.conf"
        self.output = ""

    def write(self, text):
        self.conf.parent.mkdir(exist_ok=True)
        self.conf.write_text(text)

    def practicus(self, *arguments, text=None, code=0):
        """The standard output of the command line, which must end with the exit code `code`."""
        result = subprocess.run(
            [PRACTICUS, *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "HOME": str(self.path)},
        )
        self.errors = result.stderr
        if result.returncode != code:
            raise AssertionError(f"{arguments} ended with {result.returncode}: {result.stderr}")
        return result.stdout

    def regions(self):
        return json.loads(self.practicus("regions", "--output", "json"))

    def sdk(self, action, **environment):
        """The result of `action`, in a process of its own: the SDK reads core.conf when it is imported. `output` is set to
        the output of the SDK."""
        reader, writer = os.pipe()
        with tempfile.TemporaryFile("w+") as output:
            child = os.fork()
            if not child:
                os.dup2(output.fileno(), 1)
                os.dup2(output.fileno(), 2)
                os.environ.update(environment, HOME=str(self.path))
                os.write(writer, json.dumps(_run(action)).encode())
                os._exit(0)
            os.close(writer)
            ready, _, _ = select.select([reader], [], [], 120)
            if not ready:
                os.kill(child, signal.SIGKILL)
            with os.fdopen(reader) as result:
                text = result.read()
            os.waitpid(child, 0)
            output.seek(0)
            self.output = output.read()
        if not text:
            raise AssertionError("the SDK did not end: " + self.output)
        value, error = json.loads(text)
        if error:
            raise SdkError(error)
        return value


class SdkError(Exception):
    pass


def _run(action):
    try:
        import practicuscore

        return action(practicuscore), None
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"
