# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""csv_differential.py PROGRAM [SEED [COUNT]]

Generates CSV texts: quotes at the start and in the middle of cells, line ends of all kinds, byte order marks, NULs, ragged
and blank lines. Python's csv reads each of them, and each of the batches that practicus cuts it into: the batches together
must have the same rows of the same cells. A failure names the seed and the text's number.
"""

import csv
import io
import pathlib
import random
import subprocess
import sys
import tempfile

CELLS = ["", "", "1", "-2.5", "text", " ", "TV 27\" wide", "27\"", "a\"b\"c", "\"a,b\"", "\"a;b\"", "\"two\nlines\"", "\"cr\rcr\"",
         "\"crlf\r\n\"", "\"\"", "\"\"\"\"", "\"say \"\"x\"\"\"", "\"a\" 27\"", "\"a\"b\"\n\"", "\"\"\"\n\"\"\"", " \"a", "'", "x;y",
         "\t", "|", "Größe", "0123456789" * 3, "\ufeff", "\u2028", "\x0b", "\x1c", "\x85", "=1+1", "\\\"", "\\"]
NAMES = ["id", "price", "\"a b\"", "\"c,d\"", "e\"f", "\"two\nlines\"", "Größe", "g h", "\"i\"\"j\"", " ", "x;y", "\"x;\ny\""]
ENDS = ["\n", "\r\n", "\r"]
NOISE = ["\"", "\"", "\n", "\r", "\r\n", ",", ",", "a", " ", "\ufeff", "\"\""]
FOREIGN = ["utf-16", "utf-16-le", "utf-16-be", "utf-32"]


def table(r):
    end = r.choice(ENDS + [None])
    separator = r.choice(",,,,,,;\t|")
    columns = r.randint(1, 5)
    ragged = r.random() < 0.3
    # The separator of such a header is ambiguous.
    names = [name for name in NAMES if separator == "," or not set(name) & set(",;")]
    out = separator.join(r.choice(names) for _ in range(columns))
    for _ in range(r.choice([0, 1, 2, 5, 9, 30])):
        out += end or r.choice(ENDS)
        if r.random() < 0.1:
            out += (end or r.choice(ENDS)) * r.randint(1, 3)
        out += separator.join(r.choice(CELLS) for _ in range(r.randint(1, 7) if ragged else columns))
    return out + r.choice([end or "\n", end or "\r", "", "\r", "\n\n"])


def generate(r):
    text = table(r) if r.random() < 0.75 else "".join(r.choice(NOISE) for _ in range(r.randint(0, 40)))
    if r.random() < 0.2:
        text = "\ufeff" + text
    if r.random() < 0.03:
        return text.encode(r.choice(FOREIGN))
    data = text.encode()
    if r.random() < 0.04:
        at = r.randint(0, len(data))
        data = data[:at] + b"\0" * r.randint(1, 3) + data[at:]
    return data


def rows(data, separator):
    """As Python's csv reads them, blank lines left out."""
    return [row for row in csv.reader(io.StringIO(data.decode("latin-1"), newline=""), delimiter=separator) if row]


def separator_of(data):
    """The comma if the header has one outside of quotes, else the first of the others."""
    if len((rows(data, ",") or [[]])[0]) > 1:
        return ","
    lengths = {other: len((rows(data, other) or [[""]])[0][0]) for other in ";\t|" if len((rows(data, other) or [[]])[0]) > 1}
    return min(lengths, key=lengths.get, default=",")


def starts_with_mark(data):
    """A quote behind it opens no cell, but would in a batch, which begins with it."""
    return data.lstrip(b"\r\n").startswith(b"\xef\xbb\xbf")


def expected(data):
    """The rows, or None for a text that must be refused."""
    if b"\0" in data or data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return None
    if starts_with_mark(data):
        return None
    separator = separator_of(data)
    # An unterminated cell contains the rest of the text.
    if rows(data + separator.encode() + b"Z", separator)[-1][-1] != "Z":
        return None
    whole = rows(data, separator)
    alone = len(whole) == 1 and any("\n" in name or "\r" in name for name in whole[0])
    return None if not whole or alone else whole


def compare(data, lines, told):
    # As by the encoding utf-8-sig: one mark.
    data = data.removeprefix(b"\xef\xbb\xbf")
    separator, theirs = separator_of(data) if b"\0" not in data else ",", expected(data)
    if theirs is None:
        assert len(lines) == 1 and lines[0].startswith("refused "), f"{told}\nto be refused, practicus reads {lines}"
        # The message names the fault.
        if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            assert "UTF-16" in lines[0], f"{told}\n{lines[0]}"
        elif b"\0" in data:
            assert any(word in lines[0] for word in ("NUL", "never closed", "byte order mark")), f"{told}\n{lines[0]}"
        return 0
    assert not lines[0].startswith("refused"), f"{told}\n{lines[0]}"
    header, *wanted = theirs
    assert [int(one) for one in lines[:2]] == [len(wanted)] * 2, f"{told}\n{len(wanted)} rows, answer and mock {lines[:2]}"
    got = []
    for line in lines[2:]:
        count, text = line.rstrip(".").split(" ")
        first, *batch = rows(bytes.fromhex(text), separator)
        assert first == header and len(batch) == int(count), f"{told}\na batch {bytes.fromhex(text)!r}, {count} rows"
        got += batch
    assert got == wanted, f"{told}\nPython reads {wanted}\npracticus' batches have {got}"
    return len(wanted)


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    r = random.Random(seed)
    texts = [generate(r) for _ in range(count)]
    found = refused = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for number, data in enumerate(texts):
            (folder / f"{number}.csv").write_bytes(data)
        done = subprocess.run([program, name], capture_output=True, text=True, check=True, timeout=900)
        assert done.stdout == f"{count}\n", done.stdout
        for number, data in enumerate(texts):
            told = f"seed {seed}, text {number}: {data!r}"
            lines = (folder / f"{number}.ours").read_text(errors="replace").splitlines()
            refused += lines[0].startswith("refused")
            found += compare(data, lines, told)
    print(f"{count} texts, {refused} refused by both, {found} rows of the same cells, Python {sys.version.split()[0]}")
    assert refused < count / 3 and found > 3 * count


if __name__ == "__main__":
    main()
