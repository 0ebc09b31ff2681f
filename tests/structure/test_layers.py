# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""That layers.py finds each kind of fault in a small tree, and none in a right one."""

import pathlib
import tempfile
import unittest

import layers

RIGHT = {
    "include/practicus/a.hpp": "#include <string>\n#include <boost/json/value.hpp>\n",
    "include/practicus/b.hpp": "#include <practicus/a.hpp>\n",
    "include/practicus/c.hpp": "#include <practicus/b.hpp>\n#include <boost/asio/post.hpp>\n",
    "include/practicus.hpp": "#include <practicus/c.hpp>\n",
    "include/practicus/mock/m.hpp": "#include <practicus/a.hpp>\n#include <boost/beast/core.hpp>\n",
    "tests/unit/a.cpp": "",
    "tests/integration/c.cpp": "",
}
HEADERS = ["practicus/a.hpp", "practicus/b.hpp", "practicus/c.hpp", "practicus.hpp"]
MOCK_HEADERS = ["practicus/mock/m.hpp"]
PURE = ["practicus/a.hpp", "practicus/b.hpp"]
SOURCES = ["unit/a.cpp", "integration/c.cpp"]


class Layers(unittest.TestCase):
    def check(self, changes, expected, headers=HEADERS, pure=PURE, sources=SOURCES, mock_headers=MOCK_HEADERS):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in {**RIGHT, **changes}.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            found = list(layers.faults(root / "include", root / "tests", headers, mock_headers, pure,
                                       sources))
        self.assertEqual(found, expected)

    def test_a_right_tree(self):
        self.check({}, [])

    def test_an_include_downwards(self):
        self.check({"include/practicus/a.hpp": "#pragma once\n#  include <practicus/b.hpp>\n"},
                   ["practicus/a.hpp includes practicus/b.hpp, which is not above it in the list of headers"])

    def test_an_include_of_itself(self):
        self.check({"include/practicus/a.hpp": "#include <practicus/a.hpp>\n"},
                   ["practicus/a.hpp includes practicus/a.hpp, which is not above it in the list of headers"])

    def test_the_definitions_of_its_own_functions(self):
        headers = ["practicus/a.hpp", "practicus/impl/a.ipp"] + HEADERS[1:]
        own = "#pragma once\n#include <practicus/impl/a.ipp>\n"
        its = {"include/practicus/impl/a.ipp": "#include <practicus/a.hpp>\n"}
        all_of_it = {"include/practicus/src.hpp": "#include <practicus/impl/a.ipp>\n"}
        self.check({"include/practicus/a.hpp": own, **its, **all_of_it}, [], headers + ["practicus/src.hpp"])
        self.check({"include/practicus/a.hpp": own, **its},
                   ["practicus/src.hpp does not include practicus/impl/a.ipp"], headers)
        self.check({"include/practicus/a.hpp": own, **its}, ["practicus/impl/a.ipp is in no list of headers",
                   'practicus/a.hpp includes "practicus/impl/a.ipp", which is not in the list of headers'])
        below = HEADERS[:2] + ["practicus/c.hpp", "practicus/impl/a.ipp", "practicus.hpp"]
        self.check({"include/practicus/c.hpp": own, **its, **all_of_it},
                   ["practicus/c.hpp includes practicus/impl/a.ipp, which is not above it in the list of headers"],
                   below + ["practicus/src.hpp"])

    def test_the_definitions_of_the_mock(self):
        mock_headers = ["practicus/mock/m.hpp", "practicus/mock/impl/m.ipp"]
        its = {"include/practicus/mock/m.hpp": "#include <practicus/mock/impl/m.ipp>\n",
               "include/practicus/mock/impl/m.ipp": "#include <practicus/mock/m.hpp>\n"}
        self.check(its, ["practicus/mock/src.hpp does not include practicus/mock/impl/m.ipp"], mock_headers=mock_headers)
        all_of_it = {"include/practicus/mock/src.hpp": "#include <practicus/mock/impl/m.ipp>\n"}
        self.check({**its, **all_of_it}, [], mock_headers=mock_headers + ["practicus/mock/src.hpp"])

    def test_quotes(self):
        self.check({"include/practicus/b.hpp": '#include "practicus/a.hpp"\n'},
                   ['practicus/b.hpp includes "practicus/a.hpp" in quotes: write <practicus/a.hpp>'])
        self.check({"include/practicus/b.hpp": '#include "a.hpp"\n'},
                   ['practicus/b.hpp includes "a.hpp", which is not in the list of headers'])

    def test_an_unknown_header(self):
        self.check({"include/practicus/b.hpp": "#include <practicus/x.hpp>\n"},
                   ['practicus/b.hpp includes "practicus/x.hpp", which is not in the list of headers'])

    def test_the_client_includes_the_mock(self):
        self.check({"include/practicus.hpp": "#include <practicus/mock/m.hpp>\n"},
                   ["practicus.hpp includes practicus/mock/m.hpp: the client includes nothing of the mock"])

    def test_asio_in_a_pure_header(self):
        self.check({"include/practicus/b.hpp": "#include <boost/asio.hpp>\n"},
                   ["practicus/b.hpp is marked pure, but practicus/b.hpp includes boost/asio.hpp"])

    def test_asio_through_another_header(self):
        self.check({"include/practicus/a.hpp": "#include <boost/beast/http.hpp>\n"},
                   ["practicus/b.hpp is marked pure, but practicus/b.hpp includes practicus/a.hpp includes "
                    "boost/beast/http.hpp"], pure=["practicus/b.hpp"])

    def test_what_is_not_listed(self):
        self.check({"include/practicus/detail/x.hpp": "", "tests/unit/detail/x.cpp": ""},
                   ["practicus/detail/x.hpp is in no list of headers", "unit/detail/x.cpp is in no list of test sources"])

    def test_what_is_not_there(self):
        self.check({}, ["practicus/x.hpp is in the list of headers, but not in the tree",
                        "unit/x.cpp is in the list of test sources, but not in the tree"],
                   headers=HEADERS + ["practicus/x.hpp"], sources=SOURCES + ["unit/x.cpp"])

    def test_what_is_listed_twice(self):
        self.check({}, ["unit/a.cpp is twice in the list of test sources"], sources=SOURCES + ["unit/a.cpp"])


if __name__ == "__main__":
    unittest.main()
