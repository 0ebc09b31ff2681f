# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Bodies that the client encodes are read by Python's gzip, zlib and lz4, and the other way round.

    encodings_test.py TRANSCODE_PROGRAM

Exit code 77, with a line that says so, where Python has no lz4 (Debian: python3-lz4).
"""

import gzip
import os
import random
import subprocess
import sys
import unittest
import zlib

try:
    import lz4.frame
except ImportError:
    print("SKIPPED: the encodings: this Python has no lz4 (python3-lz4)")
    sys.exit(77)

PROGRAM = sys.argv.pop(1)


def raw_deflate(body):
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(body) + stream.flush()


PYTHON = {
    "gzip": (gzip.compress, gzip.decompress),
    "zlib": (zlib.compress, zlib.decompress),
    "deflate": (zlib.compress, zlib.decompress),
    "lz4": (lz4.frame.compress, lz4.frame.decompress),
}


def run(*arguments, text):
    return subprocess.run([PROGRAM, *map(str, arguments)], input=text, capture_output=True)


def bodies():
    rows = random.Random(6)
    csv = "".join(f"{rows.random():.6f},Ideal,{i}\r\n" for i in range(60_000)).encode()
    for size in (0, 1, 2, 9_999, 10_000, 10_001, 65_535, 65_536, 65_537, len(csv)):
        yield csv[:size]
    yield os.urandom(1 << 20)
    yield bytes(8 << 20)


class Encodings(unittest.TestCase):
    def test_python_reads_ours(self):
        for name, (_, decode) in PYTHON.items():
            for body in bodies():
                with self.subTest(name, size=len(body)):
                    result = run("encode", name, text=body)
                    self.assertEqual((result.returncode, result.stderr), (0, b""))
                    self.assertTrue(decode(result.stdout) == body)

    def test_we_read_pythons(self):
        for name, (encode, _) in PYTHON.items():
            for body in bodies():
                with self.subTest(name, size=len(body)):
                    result = run("decode", name, text=encode(body))
                    self.assertEqual((result.returncode, result.stderr), (0, b""))
                    self.assertTrue(result.stdout == body)

    def test_deflate_without_a_wrapper(self):
        for body in bodies():
            with self.subTest(size=len(body)):
                result = run("decode", "deflate", text=raw_deflate(body))
                self.assertEqual(result.returncode, 0)
                self.assertTrue(result.stdout == body)

    def test_zeros_behind_a_gzip_member(self):
        for text in (gzip.compress(b"one") + bytes(1), gzip.compress(b"one") * 2 + bytes(100_000)):
            result = run("decode", "gzip", text=text)
            self.assertEqual((result.returncode, result.stdout), (0, gzip.decompress(text)))

    def test_every_kind_of_lz4_frame(self):
        body = next(b for b in bodies() if len(b) > 100_000)
        for linked in (True, False):
            for block in range(4, 8):
                for checksums in (True, False):
                    for size in (True, False):
                        text = lz4.frame.compress(body, block_linked=linked, block_size=block, store_size=size,
                                                  block_checksum=checksums, content_checksum=checksums)
                        with self.subTest(linked=linked, block=block, checksums=checksums, size=size):
                            self.assertTrue(run("decode", "lz4", text=text).stdout == body)

    def test_cut_and_broken(self):
        body = next(b for b in bodies() if len(b) == 10_000)
        for name, (encode, _) in PYTHON.items():
            text = encode(body)
            with self.subTest(name):
                self.assertEqual(run("decode", name, text=text[:-1]).returncode, 3)
                self.assertEqual(run("decode", name, text=b"no such text").returncode, 3)

    def test_a_bomb_is_refused(self):
        bomb = bytes(64 << 20)
        for name, (encode, _) in PYTHON.items():
            with self.subTest(name):
                result = run("decode", name, 1_000_000, text=encode(bomb))
                self.assertEqual((result.returncode, result.stdout), (4, b""))


if __name__ == "__main__":
    unittest.main()
