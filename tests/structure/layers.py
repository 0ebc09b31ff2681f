# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Compares the tree with the lists that the build uses.

- A header includes practicus headers that stand above it in the list, by their full name in angle brackets; beside them
  the definitions of its own functions, impl/NAME.ipp.
- All these definitions are included by src.hpp, the mock's by mock/src.hpp.
- A header of the client includes none of the mock's.
- A header marked pure reaches no Asio or Beast header, directly or through other practicus headers.
- Every header in the tree is listed, and every test source is part of a test program; nothing is listed that is not there.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
OURS = re.compile(r"practicus(\.hpp$|/)")
ACTS = re.compile(r"boost/(asio|beast)(\.hpp$|/)")


def includes(include_dir, header):
    """The (bracket, name) pairs that a header includes, in order; none if it does not exist."""
    path = include_dir / header
    return INCLUDE.findall(path.read_text(encoding="utf-8")) if path.is_file() else []


def defines(name, header):
    """Is it where the functions of the header are defined?"""
    of = "practicus/mock" if header.startswith("practicus/mock/") else "practicus"
    return name == f"{of}/impl/{pathlib.PurePosixPath(header).stem}.ipp"


def order_faults(include_dir, headers, mock_headers):
    listed = headers + mock_headers
    place = {header: index for index, header in enumerate(listed)}
    for header in listed:
        for bracket, name in includes(include_dir, header):
            if name not in place:
                if bracket == '"' or OURS.match(name):
                    yield f'{header} includes "{name}", which is not in the list of headers'
                continue
            if bracket == '"':
                yield f'{header} includes "{name}" in quotes: write <{name}>'
            if name in mock_headers and header in headers:
                yield f"{header} includes {name}: the client includes nothing of the mock"
            elif place[name] >= place[header] and not defines(name, header):
                yield f"{header} includes {name}, which is not above it in the list of headers"


def way_to_asio(include_dir, header, seen):
    """The chain of includes from a header to the first of Asio's or Beast's that is found, or nothing."""
    seen.add(header)
    for _, name in includes(include_dir, header):
        if ACTS.match(name):
            return [header, name]
        if OURS.match(name) and name not in seen:
            way = way_to_asio(include_dir, name, seen)
            if way:
                return [header] + way
    return []


def source_faults(include_dir, source, headers):
    """What src.hpp, or the mock's, does not compile."""
    compiled = {name for _, name in includes(include_dir, source)}
    for header in headers:
        if header.endswith(".ipp") and header not in compiled:
            yield f"{source} does not include {header}"


def purity_faults(include_dir, pure):
    for header in pure:
        way = way_to_asio(include_dir, header, set())
        if way:
            yield f"{header} is marked pure, but " + " includes ".join(way)


def listing_faults(kind, there, listed):
    for name in sorted(there - set(listed)):
        yield f"{name} is in no list of {kind}"
    for name in sorted(set(listed) - there):
        yield f"{name} is in the list of {kind}, but not in the tree"
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"{name} is twice in the list of {kind}"


def files(root, folders, suffix):
    return {path.relative_to(root).as_posix() for folder in folders for path in (root / folder).rglob("*" + suffix)}


def faults(include_dir, tests_dir, headers, mock_headers, pure, sources):
    """Everything that is wrong, one text each."""
    yield from listing_faults("headers", files(include_dir, ["."], ".[hi]pp"), headers + mock_headers)
    yield from listing_faults("test sources", files(tests_dir, ["unit", "integration", "torture"], ".cpp"), sources)
    yield from order_faults(include_dir, headers, mock_headers)
    yield from source_faults(include_dir, "practicus/src.hpp", headers)
    yield from source_faults(include_dir, "practicus/mock/src.hpp", mock_headers)
    yield from purity_faults(include_dir, pure)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--include", type=pathlib.Path, required=True)
    parser.add_argument("--tests", type=pathlib.Path, required=True)
    for name in ("--headers", "--mock-headers", "--pure", "--sources"):
        parser.add_argument(name, type=pathlib.Path, required=True, help="a file with one name a line")
    arguments = parser.parse_args()

    lists = [path.read_text(encoding="utf-8").split()
             for path in (arguments.headers, arguments.mock_headers, arguments.pure, arguments.sources)]
    if not all(lists):
        print("an empty list: nothing would be checked")
        return 1
    found = list(faults(arguments.include, arguments.tests, *lists))
    for fault in found:
        print(fault)
    print(f"{len(lists[0]) + len(lists[1])} headers, {len(lists[3])} test sources, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
