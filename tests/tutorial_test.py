# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""tutorial_test.py TUTORIAL EXAMPLES: runs the tutorial's steps, and compares their output with the pages, except for ports and
times. No step leaves a file in the repository, or a file that no command names."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

from blocks import blocks as blocks_of, commands

LOGIN = ["admin@company.com", "practicus"]
MODEL = "models/practicus/diamond-price"


def plain(text):
    text = re.sub(r"(127\.0\.0\.1:)\d+", r"\1PORT", text)
    return re.sub(r"\d+ ms", "TIME ms", text)


def run(*command, **more):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          **more).stdout


class Mock:
    """A mock region. `said` is its output at the end."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
        self.said = "".join(self.process.stdout.readline() for _ in range(4))
        self.url = re.search(r"^url: +(\S+)", self.said, re.MULTILINE).group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.said += self.process.communicate(timeout=60)[0]


def predict(async_server, url):
    """The response of the server of step 2."""
    with subprocess.Popen([async_server, url, *LOGIN, "1"], stdout=subprocess.PIPE, text=True) as server:
        port = server.stdout.readline().strip()
        rows = b"carat,cut\n0.23,Ideal\n0.21,Premium\n"
        directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with directly.open(f"http://127.0.0.1:{port}/", rows, timeout=60) as answer:
            return answer.read().decode()


def what_the_steps_print(examples, folder):
    with Mock(examples / "mock_server") as region:
        smallest = run(examples / "smallest", region.url, *LOGIN)
    said = [region.said, smallest]
    with Mock(examples / "mock_server") as region:
        said.append(predict(examples / "async_server", region.url))
        (folder / "in.csv").write_text("carat\n" + "".join(f"{row}\n" for row in range(1, 100001)))
        login = {**os.environ, "PRT_URL": region.url, "PRT_EMAIL": LOGIN[0], "PRT_PASSWORD": LOGIN[1]}
        login.pop("PRT_TOKEN", None)
        said.append(run(examples / "batch_inference", MODEL, "in.csv", "out.csv", cwd=folder, env=login))
        said.append(run(examples / "cli" / "practicus", "models", "--deployed", env=login))
    for program in ("testing", "mock_faults", "errors", "network"):
        said.append(run(examples / program, cwd=folder, env={**os.environ, "TMPDIR": str(folder)}))
    return plain("\n".join(said))


def stray_files(folder, page):
    """Files that the steps have left in a folder, and files that a page's commands put outside of build."""
    yield from (path.name for path in folder.iterdir() if path.name not in ("in.csv", "out.csv"))
    names = re.findall(r"[\w/.-]+\.(?:csv|pem|key)\b", "\n".join(commands(page)))
    yield from (name for name in names if not name.startswith("build/"))


def main():
    tutorial, examples = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        printed = what_the_steps_print(examples, pathlib.Path(folder))
        pages = "".join(page.read_text(encoding="utf-8")
                        for page in [*tutorial.parent.rglob("*.md"), tutorial.parents[1] / "README.md"])
        stray = sorted(set(stray_files(pathlib.Path(folder), pages)))
    blocks, faults = 0, len(stray)
    if stray:
        print(f"left behind: {', '.join(stray)}")
    for page in sorted(tutorial.glob("*.md")):
        for block in blocks_of(page.read_text(encoding="utf-8"), ""):
            blocks += 1
            if plain(block) not in printed:
                faults += 1
                print(f"{page.name} says, and nothing prints:\n{block}")
    print(f"{blocks} outputs, {faults} faults")
    if faults:
        print(f"What was printed:\n{printed}")
    return 1 if faults or blocks < 10 else 0


if __name__ == "__main__":
    sys.exit(main())
