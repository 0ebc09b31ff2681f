# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The command line of practicus reads the same of a response as other clients. run.sh sets PRACTICUS to the command line."""

import base64
import contextlib
import gzip
import http.client
import os
import pathlib
import pty
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import unittest

PRACTICUS = os.environ["PRACTICUS"]
TEXT = b'[{"key":"langflow"}]'
# Without a user, and for the console.
TOKEN = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", b'{"token_type":"access"}', b"x"))
HERE = pathlib.Path(__file__).parent
scratch = None


def chunked(chunks, fields=b""):
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + fields + b"\r\n" + chunks


def sized(body, fields=b"", line=b"HTTP/1.1 200 OK"):
    return line + b"\r\nContent-Length: %d\r\n" % len(body) + fields + b"\r\n" + body


FIRST, SECOND = TEXT[:10], TEXT[10:]
ANSWERS = {
    "blanks behind a chunk's size": chunked(b"a  \r\n" + FIRST + b"\r\nA\t \r\n" + SECOND + b"\r\n0 \r\n\r\n"),
    "chunk sizes of eight places": chunked(b"a       \r\n" + FIRST + b"\r\na       \r\n" + SECOND + b"\r\n0       \r\n\r\n"),
    "blanks behind an extension": chunked(b"a;x=y \r\n" + FIRST + b"\r\na;z\t\r\n" + SECOND + b"\r\n0;x \r\n\r\n"),
    "a status line without a reason": sized(TEXT, line=b"HTTP/1.1 200"),
    "a long header": sized(TEXT, b"".join(b"Set-Cookie: %s\r\n" % (b"x" * 15000) for _ in range(4))),
    "gzip": sized(gzip.compress(TEXT), b"Content-Encoding: gzip\r\n"),
    "x-gzip": sized(gzip.compress(TEXT), b"Content-Encoding: x-gzip\r\n"),
    "gzip in two parts": sized(gzip.compress(FIRST) + gzip.compress(SECOND), b"Content-Encoding: gzip\r\n"),
    "gzip in chunks": chunked(
        b"".join(b"1 \r\n%c\r\n" % byte for byte in gzip.compress(TEXT)) + b"0\r\n\r\n", b"Content-Encoding: gzip\r\n"
    ),
}
# http.client decodes nothing, Go not by that name, and curl ends at the first part.
CODED = {name for name in ANSWERS if "gzip" in name}
NOT_BY_CURL = {"gzip in two parts"}


class Server:
    """Answers each request by the same bytes, over TLS if there is a context. `before` has a connection first."""

    def __init__(self, answer, context=None, before=None):
        self.answer, self.context, self.before = answer, context, before
        self.seen = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"

    def __enter__(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *unused):
        self.listener.close()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                peer = self.listener.accept()[0]
                peer.settimeout(60)
                with contextlib.suppress(OSError), peer:
                    self.one(peer)

    def one(self, peer):
        if self.context:
            with self.context.wrap_socket(peer, server_side=True) as over_tls:
                self.exchange(over_tls)
                over_tls.unwrap()
        else:
            self.exchange(peer)

    def exchange(self, peer):
        request = b""
        while not request.endswith(b"\r\n\r\n"):
            request += peer.recv(65536)
        self.seen.append(self.before(peer) if self.before else None)
        peer.sendall(self.answer)


def run(*command, **environment):
    return subprocess.run(
        command, capture_output=True, timeout=60, stdin=subprocess.DEVNULL, env={**os.environ, **environment}
    )


def practicus(url, *options, **environment):
    return run(
        PRACTICUS, *options, "addons", "--output", "csv", PRT_URL=url, PRT_TOKEN=TOKEN, HOME=scratch, **environment
    )


def by_curl(url):
    return run("curl", "--silent", "--show-error", "--fail", "--compressed", url).stdout


def by_python(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    connection.request("GET", "/")
    with contextlib.closing(connection):
        return connection.getresponse().read()


class Answers(unittest.TestCase):
    def test_answers(self):
        go = self.go()
        for name, answer in ANSWERS.items():
            with self.subTest(name), Server(answer) as server:
                result = practicus(server.url)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stdout.splitlines()[1:], [b"langflow,,,,"])
                if name not in NOT_BY_CURL:
                    self.assertEqual(by_curl(server.url), TEXT)
                if name not in CODED:
                    self.assertEqual(by_python(server.url), TEXT)
                if go and name != "x-gzip":
                    self.assertEqual(run(go, server.url).stdout, TEXT)

    def go(self):
        if not shutil.which("go"):
            print("without Go: it is not installed")
            return None
        program = os.path.join(scratch, "get")
        built = run("go", "build", "-o", program, str(HERE / "servers" / "get.go"), GO111MODULE="off", CGO_ENABLED="0")
        self.assertEqual(built.returncode, 0, built.stderr)
        return program

    def test_a_header_that_is_too_long(self):
        with Server(sized(TEXT, b"X: %s\r\n" % (b"x" * 70000))) as server:
            result = practicus(server.url)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"--header-limit", result.stderr)
            result = practicus(server.url, "--header-limit", "80000")
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_large_text_in_a_small_answer(self):
        bomb = gzip.compress(b"[" + b" " * 300_000_000 + b"]", 9)
        with Server(sized(bomb, b"Content-Encoding: gzip\r\n")) as server:
            result = practicus(server.url)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"limit_options::listing_body is its limit", result.stderr)


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=scratch)


class ClientCertificates(unittest.TestCase):
    """A server that asks for a certificate in the handshake, or when it has seen the request."""

    @classmethod
    def setUpClass(cls):
        new = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-days", "2"]
        openssl("req", "-x509", *new, "-nodes", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1",
                "-keyout", "server.key", "-out", "server.pem")  # fmt: skip
        openssl("req", "-x509", *new, "-passout", "pass:hunter2", "-subj", "/CN=caller",
                "-keyout", "client.key", "-out", "client.pem")  # fmt: skip
        pathlib.Path(scratch, "password").write_text("hunter2\n")

    def context(self, version, after):
        result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        result.minimum_version = result.maximum_version = version
        result.load_cert_chain(scratch + "/server.pem", scratch + "/server.key")
        result.load_verify_locations(scratch + "/client.pem")
        result.verify_mode = ssl.CERT_REQUIRED
        result.post_handshake_auth = after
        return result

    @staticmethod
    def ask(peer):
        """For the client's certificate, after its request."""
        early = peer.getpeercert()
        peer.verify_client_post_handshake()
        peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        peer.setblocking(False)
        end = time.monotonic() + 50
        while not peer.getpeercert() and time.monotonic() < end:
            with contextlib.suppress(ssl.SSLWantReadError):
                peer.recv(1)
        peer.settimeout(60)
        return early, peer.getpeercert()["subject"][0][0][1]

    def test_certificates(self):
        files = ["--ca-file", scratch + "/server.pem", "--client-cert", scratch + "/client.pem"]
        files += ["--client-key", scratch + "/client.key"]
        from_file = ["--key-password-file", scratch + "/password"]
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            server = Server(sized(TEXT), self.context(version, False), lambda peer: peer.getpeercert()["subject"][0][0][1])
            with self.subTest(version.name), server:
                result = practicus(server.url, *files, *from_file)
                self.assertEqual(result.returncode, 0, result.stderr)
                result = practicus(server.url, *files, PRACTICUS_KEY_PASSWORD="hunter2")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(server.seen, ["caller", "caller"])
                result = practicus(server.url, *files, PRACTICUS_KEY_PASSWORD="hunter3")
                self.assertEqual(result.returncode, 1)
                self.assertNotIn(b"hunter", result.stderr)
                self.assertNotEqual(practicus(server.url, *files[:2]).returncode, 0)

    def test_the_password_of_a_key_is_asked_for_on_a_terminal(self):
        with Server(sized(TEXT), self.context(ssl.TLSVersion.TLSv1_3, False)) as server:
            ours, terminal = pty.openpty()
            command = [PRACTICUS, "--ca-file", scratch + "/server.pem", "--client-cert", scratch + "/client.pem"]
            process = subprocess.Popen(
                [*command, "--client-key", scratch + "/client.key", "addons"],
                stdin=terminal,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PRT_URL": server.url, "PRT_TOKEN": TOKEN, "HOME": scratch},
            )
            asked = b""
            while not asked.endswith(b": ") and (more := process.stderr.read(1)):
                asked += more
            self.assertEqual(asked, b"Password of the client's key: ")
            os.write(ours, b"hunter2\n")
            output, errors = process.communicate(timeout=60)
            self.assertEqual(process.returncode, 0, errors)
            self.assertIn(b"langflow", output)
            os.close(terminal)
            os.close(ours)

    def test_a_certificate_that_is_asked_for_after_the_request(self):
        with Server(sized(TEXT), self.context(ssl.TLSVersion.TLSv1_3, True), self.ask) as server:
            result = practicus(
                server.url, "--ca-file", scratch + "/server.pem", "--client-cert", scratch + "/client.pem",
                "--client-key", scratch + "/client.key", "--key-password-file", scratch + "/password",
            )  # fmt: skip
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual(server.seen, [(None, "caller")])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        unittest.main()
