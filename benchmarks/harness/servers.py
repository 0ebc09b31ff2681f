# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The servers that the peers meet, each in a process of its own."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request

from . import machine


class Server:
    """A program that prints `name: url` lines first."""

    def __init__(self, arguments, urls, processor):
        self.process = subprocess.Popen(
            [str(a) for a in arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=machine.pin(processor),
        )
        self.urls = {}
        while len(self.urls) < urls:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"{arguments[0]} has not started")
            name, url = line.strip().split(": ")
            self.urls[name] = url

    def cpu_seconds(self):
        return machine.cpu_seconds(self.process.pid)

    def counts(self):
        """The requests since the last call; None if it does not count them."""
        return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.communicate()


class LeanServer(Server):
    def __init__(self, folder, ca_file, processor, models=100_000):
        self.ca_file = ca_file
        super().__init__([folder / "lean_server", ca_file, models], 2, processor)


class EventServer(Server):
    def __init__(self, folder, processor, _models):
        super().__init__([folder / "event_server"], 1, processor)


class Region(Server):
    """A mock region with models named `models/many/model-0` and so on."""

    def __init__(self, folder, processor, models):
        super().__init__([folder / "region", models], 1, processor)

    def counts(self):
        """The requests since the last call."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def nginx():
    """Its path, or None. On Debian it is in root's search path only."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


# One process, with all files in a folder of its own. Started by root, nginx would give its folders to another user.
FRONT = """
daemon off;
master_process off;
{user}
pid {folder}/pid;
error_log {folder}/error.log;
events {{
    worker_connections 1024;
}}
http {{
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    access_log off;
    upstream region {{
        server {region};
        keepalive 64;
    }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $http_host;
    server {{
        listen 127.0.0.1:{port};
        location = /front-status {{
            stub_status;
        }}
        location / {{
            proxy_pass http://region;
        }}
    }}
}}
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


class Front:
    """A mock region behind nginx, as a real one may be."""

    def __init__(self, folder, processor, models):
        self.process = None
        self.scratch = tempfile.TemporaryDirectory()
        self.region = Region(folder, processor, models)
        # Another program may take the port before nginx does.
        if not any(self._start(free_port(), processor) for _ in range(5)):
            log = pathlib.Path(self.scratch.name, "error.log")
            problem = log.read_text(encoding="utf-8") if log.exists() else ""
            self.__exit__()
            raise RuntimeError(f"nginx has not started\n{problem}")

    def _start(self, port, processor):
        """Whether it runs."""
        config = pathlib.Path(self.scratch.name, "nginx.conf")
        config.write_text(
            FRONT.format(
                user="user root;" if os.geteuid() == 0 else "",
                folder=self.scratch.name,
                region=self.region.urls["plain"].removeprefix("http://"),
                port=port,
            ),
            encoding="utf-8",
        )
        self.urls = {"plain": f"http://127.0.0.1:{port}"}
        self.process = subprocess.Popen(
            [nginx(), "-e", f"{self.scratch.name}/error.log", "-p", self.scratch.name, "-c", str(config)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=machine.pin(processor),
        )
        while self.process.poll() is None:
            try:
                self.accepted = self._accept_count()
                return True
            except OSError:
                time.sleep(0.01)
        return False

    def _accept_count(self):
        """Connections so far, its own included."""
        # Not through a proxy of the user's.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.urls["plain"] + "/front-status", timeout=60) as answer:
            return int(answer.read().split()[7])

    def cpu_seconds(self):
        return self.region.cpu_seconds() + machine.cpu_seconds(self.process.pid)

    def counts(self):
        """The region's requests since the last call, with the number of connections to nginx, which keeps its own."""
        before, self.accepted = self.accepted, self._accept_count()
        return {**self.region.counts(), "connections": self.accepted - before - 1}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
        self.region.__exit__()
        self.scratch.cleanup()
