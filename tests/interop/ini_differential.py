# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""ini_differential.py PROGRAM [SEED [COUNT]]

Generates texts as of core.conf, most of them nearly right, and compares what Python's configparser reads in them (with
the settings that the vendor's SDK uses) with what practicus reads; both may refuse a text. What practicus saves,
configparser must read as the same values. A failure names the seed and the text's number.
"""

import configparser
import pathlib
import random
import subprocess
import sys
import tempfile

SECTIONS = ["k8s", "network", "cloud", "DEFAULT", "k8s_config_0", "k8s_config_1", " spaced ", "a]b", "Größe", "x = y", "#", ""]
KEYS = ["host_url", "Email", "username", "refresh_token", "default_region_key", "key with  space", "größe", "[x", "k", "", "%"]
VALUES = ["https://h:8443/a", "admin@company.com", "eyJ.a.b", "", "True", "a = b", "c: d", "100%%", "%", "%(k)s", "%(username)s/%(K)s",
          "%(missing)s", "%(", "; no comment", "# none", "[s]", "\u00a0", "a\u2028b", "x\u0000y", "\ufeff", "ü\u3000", "%(k)", "%%(k)s", "]"]
SPACES = ["", "", "", "", " ", "  ", "\t", "\u00a0", "\f", "\u2003 ", "\x1c", "\x85"]
ENDS = ["\n"] * 40 + ["\r\n"] * 3 + ["\r", "\v\n", "\f\n"]
RAW = [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc0\xaf", b"\xef\xbb\xbf"]


def line(r):
    kind = r.random()
    if kind < 0.14:
        return r.choice(SPACES) + "[" + r.choice(SECTIONS) + "]" + r.choice(["", "", "", "", " trailing", "]", "\t"])
    if kind < 0.72:
        return (r.choice(SPACES[:5]) + r.choice(KEYS) + r.choice(SPACES) + r.choice(["=", "=", "=", ":", "=:"]) + r.choice(SPACES)
                + r.choice(VALUES) + r.choice(SPACES))
    if kind < 0.82:
        return r.choice(["  ", "\t", "    ", "\u00a0"]) + r.choice(VALUES)
    if kind < 0.90:
        return r.choice(SPACES)
    if kind < 0.985:
        return r.choice(SPACES) + r.choice(["# c", "; c", "#", "#[x]"])
    return r.choice(["alone", "[", "[]", "[]]", "= x", "[open", "]", ": y"])


def sound(r):
    """Sections and keys that stand once, as a file has them that was written by hand."""
    out = []
    for section in r.sample(SECTIONS[:8], r.randint(1, 5)):
        out.append(f"[{section}]")
        for key in r.sample(KEYS[:8], r.randint(0, 6)):
            out.append(key + r.choice([" = ", "=", ": ", ":", "\t=\u00a0"]) + r.choice(VALUES))
            for _ in range(r.choice([0, 0, 0, 0, 1, 2, 3])):
                out.append(r.choice(["  " + r.choice(VALUES), "\t" + r.choice(VALUES), "", "# comment", "   ; comment", " "]))
    return out


def generate(r):
    lines = sound(r) if r.random() < 0.6 else ["[k8s]"] * (r.random() < 0.9) + [line(r) for _ in range(r.randint(0, 12))]
    data = "".join(one + r.choice(ENDS) for one in lines)
    if r.random() < 0.1:
        data = data.rstrip("\r\n")
    data = data.encode()
    if r.random() < 0.03:
        at = r.randint(0, len(data))
        data = data[:at] + r.choice(RAW) + data[at:]
    return data


def ascii_lower(text):
    return "".join(c.lower() if c < "\x80" else c for c in text)


def hexed(text):
    return text.encode().hex() + "."


def read(path):
    """What the program writes, as configparser reads it; None if it refuses."""
    # Keys beyond ASCII are the one difference that is known: practicus leaves their letters as they are.
    parser = configparser.ConfigParser()
    parser.optionxform = ascii_lower
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return None
    out = []
    for name, own in [("DEFAULT", parser._defaults), *parser._sections.items()]:
        out.append("[" + hexed(name))
        for key, raw in own.items():
            try:
                cooked = hexed(parser.get(name, key))
            except configparser.InterpolationError:
                cooked = "refused"
            out.append(f"{hexed(key)} {hexed(raw)} {cooked}")
    return out


def main():
    program, seed = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    r = random.Random(seed)
    understood = values = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for number in range(count):
            (folder / f"{number}.conf").write_bytes(generate(r))
        done = subprocess.run([program, name], capture_output=True, text=True, check=True, timeout=300)
        assert done.stdout == f"{count}\n", done.stdout
        for number in range(count):
            path = folder / f"{number}.conf"
            theirs, ours = read(path), path.with_suffix(".ours").read_text().splitlines()
            told = f"seed {seed}, text {number}: {path.read_bytes()!r}"
            if theirs is None:
                assert ours == ["refused"], f"{told}\nPython refuses it, practicus reads {ours}"
                continue
            assert ours == theirs, f"{told}\nPython reads {theirs}\npracticus reads {ours}"
            saved = path.with_suffix(".saved")
            assert read(saved) == theirs, f"{told}\nsaved as {saved.read_bytes()!r}"
            understood += 1
            values += sum(not one.startswith("[") for one in theirs)
    print(f"{count} texts, {understood} understood by both, {values} values, Python {sys.version.split()[0]}")
    assert understood > count / 3 and values > count


if __name__ == "__main__":
    main()
