# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Checks the headers' layers and rooms.

- A header includes practicus headers of its own layer or of those above it in LAYERS, by their full name in angle
  brackets; beside them the definitions of its own functions, impl/NAME.ipp and impl/NAME/*.ipp.
- Inside a layer, and inside the mock, includes make no circle.
- A header of the client includes none of the mock's.
- A header of the PURE layers, or of those in DECIDES, reaches no I/O object: no Asio or Beast header, directly or through
  others, except Asio's IP addresses and networks. So does a header of the mock, but for those in ACTS.
- What CORE declares reaches no POSIX header.
- src.hpp includes the definitions of all functions; the mock's src.hpp includes those of the mock.
- Every test source is part of a test program.
"""

import argparse
import pathlib
import re
import sys

# A layer is a list of rooms, with a slash at the end, and of public headers.
LAYERS = [
    "errc error secret base/",
    "url call_url jwt token credentials session_token_file observer catalog content_coder event_parser field_list",
    "wire/",
    "completion_token connection_options proxy_options encoding lz4 token_store file_token_store options call_options predict form_data call chat batch_mark json_lines batch_job batch_output_options",
    "async/",
    "net/",
    "pool/",
    "tokens/",
    "client/",
    "batch/",
    "client core_conf csv_file batch_output event_stream redis_token_store",
    "format batch practicus src",
]
PURE = 3  # layers
DECIDES = set("""
    connection_options proxy_options encoding lz4 call_options chat batch_mark json_lines batch_output_options
    async/reserved_memory async/timing_wheel net/input_buffer net/name_state net/proxy_rules
    pool/retry_policy pool/operation pool/pool_node pool/idle_limit pool/pool_state pool/answer_decoding pool/request_progress pool/request_writer
    tokens/freshness tokens/flight_state tokens/striped_cache tokens/token_cache_state
    tokens/user_identity tokens/store_record tokens/session_state client/handle
    batch/batch_text batch/batch_format batch/csv_splitter batch/csv_format batch/json_line batch/json_lines_splitter batch/json_lines_format
    batch/packed_answer batch/aimd_window batch/batch_retry batch/batch_journal batch/batch_file batch/batch_queue batch/batch_sending
    """.split())
ACTS = set("""
    server src detail/server_state detail/answer detail/wire_socket detail/channel detail/connection detail/listener
    """.split())

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
OURS = re.compile(r"practicus(\.hpp$|/)")
ASIO = re.compile(r"boost/(asio|beast)(\.hpp$|/)(?!ip/(address|network)\w*\.hpp$)")
POSIX = re.compile(r"(unistd|fcntl|pwd|poll|sys/\w+|netinet/\w+|arpa/inet)\.h$")
CORE = "practicus.hpp"


def short(header):
    """practicus/detail/net/stream.hpp is net/stream, practicus/impl/client.ipp and practicus/impl/client/x.ipp are client."""
    header = re.sub(r"^practicus/impl/(\w+)/\w+", r"\1", header.replace("mock/impl/", "mock/"))
    return re.sub(r"^practicus/(detail/|impl/)?|\.[hi]pp$", "", header)


def is_mock(header):
    return header.startswith("practicus/mock/")


def layer_of(header, layers):
    name = short(header)
    entry = name.rsplit("/", 1)[0] + "/" if "/detail/" in header else name
    return next((index for index, layer in enumerate(layers) if entry in layer.split()), None)


class Tree:
    def __init__(self, include_dir, layers):
        self.layers = layers
        files = (path for path in include_dir.rglob("*") if path.suffix in (".hpp", ".ipp"))
        self.includes = {path.relative_to(include_dir).as_posix(): INCLUDE.findall(path.read_text(encoding="utf-8"))
                         for path in sorted(files)}

    def layer(self, header):
        return layer_of(header, self.layers)

    def faults(self):
        for header, included in self.includes.items():
            if not is_mock(header) and self.layer(header) is None:
                yield f"{header} is in no layer"
                continue
            for bracket, name in included:
                yield from self.include_faults(header, bracket, name)
            if self.is_pure(header):
                way = self.way(header, lambda _, name: ASIO.match(name))
                if way:
                    yield f"{header} decides, but " + " includes ".join(way)
            circle = self.way(header, lambda at, name: name == header and short(at) != short(header), self.same_layer)
            if circle:
                yield " includes ".join(circle)
        way = self.way(CORE, lambda _, name: POSIX.match(name), lambda _, name: name.endswith(".hpp"))
        if way:
            yield " includes ".join(way)
        for source in ("practicus/src.hpp", "practicus/mock/src.hpp"):
            compiled = {name for _, name in self.includes.get(source, [])}
            for header in self.includes:
                if header.endswith(".ipp") and is_mock(header) == is_mock(source) and header not in compiled:
                    yield f"{source} does not include {header}"

    def include_faults(self, header, bracket, name):
        if name not in self.includes:
            if bracket == '"' or OURS.match(name):
                yield f'{header} includes "{name}", which is not there'
        elif bracket == '"':
            yield f'{header} includes "{name}" in quotes: write <{name}>'
        elif is_mock(name) and not is_mock(header):
            yield f"{header} includes {name}: the client includes nothing of the mock"
        elif not is_mock(name) and not is_mock(header) and (self.layer(name) or 0) > self.layer(header):
            yield f"{header} includes {name} of a layer below its own"

    def is_pure(self, header):
        if is_mock(header):
            return short(header)[len("mock/"):] not in ACTS
        return self.layer(header) < PURE or short(header) in DECIDES

    def same_layer(self, one, other):
        return is_mock(one) and is_mock(other) or self.layer(one) == self.layer(other)

    def way(self, start, is_end, follows=lambda one, other: True):
        """The chain of includes from a header to the first include that is an end, or nothing."""
        seen = {start}
        ways = [[start]]
        while ways:
            way = ways.pop()
            for _, name in self.includes.get(way[-1], []):
                if is_end(way[-1], name):
                    return way + [name]
                if name in self.includes and name not in seen and follows(start, name):
                    seen.add(name)
                    ways.append(way + [name])
        return []


def source_faults(tests_dir, listed):
    there = {path.relative_to(tests_dir).as_posix()
             for folder in ("unit", "integration", "torture") for path in (tests_dir / folder).rglob("*.cpp")}
    for name in sorted(there - set(listed)):
        yield f"{name} is part of no test program"
    for name in sorted({name for name in listed if listed.count(name) > 1}):
        yield f"{name} is part of two test programs"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--include", "--tests"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    parser.add_argument("--sources", type=pathlib.Path, required=True, help="a file with one test source a line")
    arguments = parser.parse_args()

    tree = Tree(arguments.include, LAYERS)
    sources = arguments.sources.read_text(encoding="utf-8").split()
    found = list(tree.faults()) + list(source_faults(arguments.tests, sources))
    for fault in found:
        print(fault)
    print(f"{len(tree.includes)} headers, {len(sources)} test sources, {len(found)} faults")
    return 1 if found or not tree.includes or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
