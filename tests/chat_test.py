# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""chat_test.py MOCK_SERVER CHAT: Ctrl-C cancels a generation. Between the program and the region stands a relay, which
lets the beginning of the answer through, and sees the connection end."""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import threading
import unittest

MOCK, CHAT = sys.argv[1:3]
QUESTION = "first second third"


class Relay:
    """Passes connections on. Of an answer to a chat it passes what ends with the first word's event."""

    def __init__(self, port):
        self.port = port
        self.cut = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        region = socket.create_connection(("127.0.0.1", self.port))
        asked, answered, held = b"", b"", False
        while True:
            ready, _, _ = select.select([client] if held else [client, region], [], [])
            if client in ready:
                try:
                    piece = client.recv(65536)
                except ConnectionResetError:
                    piece = b""
                if not piece:
                    break
                asked += piece
                region.sendall(piece)
            elif piece := region.recv(65536):
                is_chat = b"/chat/completions" in asked
                answered = answered + piece if is_chat else b""
                end = answered.find(b"\n\n", answered.find(b"first")) if b"first" in answered else -1
                held = end != -1
                client.sendall(piece[:len(piece) - (len(answered) - end - 2)] if held else piece)
            else:
                break
        if held:
            self.cut.set()
        client.close()
        region.close()


class Interrupt(unittest.TestCase):
    def setUp(self):
        self.mock = subprocess.Popen([MOCK], stdout=subprocess.PIPE, text=True)
        self.relay = Relay(int(self.mock.stdout.readline().rsplit(":", 1)[1]))

    def tearDown(self):
        self.mock.terminate()
        told, _ = self.mock.communicate()
        self.assertEqual(self.mock.returncode, 0, told)

    def interrupted(self, interrupt):
        """Interrupts the program when the first word is shown. Returns its exit code and what it wrote."""
        child, terminal = pty.fork()
        if child == 0:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.SIG_DFL)
            os.execv(CHAT, [CHAT, self.relay.url, "admin@company.com", "practicus", QUESTION])
        output = b""
        while True:
            try:
                piece = os.read(terminal, 4096)
            except OSError:  # Linux says EIO at the end.
                break
            shown, output = b"first" in output, output + piece
            if not shown and b"first" in output:
                interrupt(child, terminal)
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output.decode()

    def check(self, interrupt):
        code, output = self.interrupted(interrupt)
        self.assertEqual(code, 130, output)
        self.assertIn("cancelled", output)
        self.assertNotIn("second", output)
        self.assertTrue(self.relay.cut.wait(50), "the connection is open")

    def test_ctrl_c_cancels_the_generation(self):
        self.check(lambda child, terminal: os.write(terminal, b"\x03"))

    def test_a_signal_cancels_the_generation(self):
        self.check(lambda child, terminal: os.kill(child, signal.SIGTERM))


if __name__ == "__main__":
    signal.alarm(100)
    unittest.main(argv=sys.argv[:1])
