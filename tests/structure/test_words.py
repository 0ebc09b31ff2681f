# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Comments of headers and names of tests have a thing as their subject, and ask no question."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORDS = re.compile(r"\b(who|whoever|whom|nobody|somebody|can\s+not)\b|\?", re.IGNORECASE)

# Headers below include/practicus that are not yet rewritten. Shorten this list; add nothing to it.
ALLOWED = """
catalog.hpp client.hpp core_conf.hpp credentials.hpp detail/async/flight.hpp detail/async/run_operation.hpp
detail/async/runtime.hpp detail/base/clock.hpp detail/base/lru_tick.hpp detail/base/posix_file.hpp detail/base/url_text.hpp
detail/base/utf8.hpp detail/base/wipe.hpp detail/client/prediction_call.hpp detail/net/connect_race.hpp
detail/net/connection.hpp detail/net/connector.hpp detail/net/stream.hpp detail/pool/body_pipeline.hpp detail/pool/transport.hpp
detail/tokens/flight_state.hpp detail/tokens/freshness.hpp detail/tokens/region_store.hpp detail/tokens/single_flight_cache.hpp
detail/tokens/token_cache_state.hpp detail/wire/error_body.hpp detail/wire/no_proxy.hpp detail/wire/proxy.hpp
detail/wire/shape_handler.hpp error.hpp mock/catalog.hpp mock/region.hpp mock/options.hpp observer.hpp predict.hpp
secret.hpp token.hpp token_store.hpp url.hpp
""".split()


def comments(text):
    """The text of each `///` comment, without code."""
    for block in re.findall(r"(?:^.*///.*\n)+", text, re.MULTILINE):
        yield re.sub(r"`.*?`", "", " ".join(re.findall(r"///<?(.*)", block)))


def names(text):
    for literals in re.findall(r'\b(?:TEST_CASE|SECTION)\(((?:\s*"(?:[^"\\]|\\.)*")+)', text):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def faults(texts):
    return [f"{found.group()}: {text.strip()}" for text in texts if (found := WORDS.search(text))]


class Words(unittest.TestCase):
    def test_faults_are_found(self):
        self.assertEqual(len(faults(comments("/// The caller\n/// who waits\n\nint i; ///< is\n/// it?\n\n/// can\n/// not\n"))), 3)
        self.assertEqual(faults(comments("// who\n/// The whole `a?b`.\n/// Cannot fail.\nint who;\n")), [])
        self.assertEqual(faults(names('TEST_CASE("nobody" " waits", "[x]")\nSECTION("a wait")')), ["nobody: nobody waits"])

    def test_tree(self):
        for path in sorted([*(ROOT / "include").rglob("*.[hi]pp"), *(ROOT / "tests").rglob("*.[hc]pp")]):
            name = path.relative_to(ROOT).as_posix()
            if name.removeprefix("include/practicus/") not in ALLOWED:
                with self.subTest(file=name):
                    self.assertEqual(faults((comments if name.startswith("include/") else names)(path.read_text())), [])


if __name__ == "__main__":
    unittest.main()
