# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests that layers.py finds each kind of fault in a small tree, and none in a right one."""

import pathlib
import tempfile
import unittest

import layers

RIGHT = {
    "error.hpp": "#include <string>\n#include <boost/json/value.hpp>\n",
    "detail/base/b.hpp": "#include <practicus/error.hpp>\n",
    "detail/net/n.hpp": "#include <practicus/detail/base/b.hpp>\n#include <boost/asio/post.hpp>\n",
    "detail/net/o.hpp": "#include <practicus/detail/net/n.hpp>\n",
    "client.hpp": "#include <practicus/detail/net/o.hpp>\n#include <practicus/impl/client.ipp>\n",
    "impl/client.ipp": "#include <practicus/client.hpp>\n",
    "src.hpp": "#include <practicus/impl/client.ipp>\n",
    "mock/server.hpp": "#include <practicus/error.hpp>\n#include <boost/beast/core.hpp>\n",
    "mock/token.hpp": "#include <practicus/error.hpp>\n",
}


class Layers(unittest.TestCase):
    def check(self, changes, *expected):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**RIGHT, **changes}.items():
                path = pathlib.Path(folder, "practicus", name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            found = list(layers.Tree(pathlib.Path(folder), layers.LAYERS).faults())
        self.assertEqual(found, list(expected))

    def test_a_right_tree(self):
        self.check({})

    def test_an_include_downwards(self):
        self.check({"detail/base/b.hpp": "#pragma once\n#  include <practicus/detail/batch/x.hpp>\n",
                    "detail/batch/x.hpp": ""},
                   "practicus/detail/base/b.hpp includes practicus/detail/batch/x.hpp of a layer below its own")

    def test_a_circle(self):
        one, two = "practicus/detail/net/n.hpp", "practicus/detail/net/o.hpp"
        self.check({"detail/net/n.hpp": f"#include <{two}>\n"},
                   f"{one} includes {two} includes {one}", f"{two} includes {one} includes {two}")
        self.check({"error.hpp": "#include <practicus/error.hpp>\n"})
        self.check({"mock/token.hpp": "#include <practicus/mock/codec.hpp>\n",
                    "mock/codec.hpp": "#include <practicus/mock/token.hpp>\n"},
                   "practicus/mock/codec.hpp includes practicus/mock/token.hpp includes practicus/mock/codec.hpp",
                   "practicus/mock/token.hpp includes practicus/mock/codec.hpp includes practicus/mock/token.hpp")

    def test_definitions_that_are_not_compiled(self):
        self.check({"src.hpp": ""}, "practicus/src.hpp does not include practicus/impl/client.ipp")
        self.check({"mock/impl/server.ipp": ""}, "practicus/mock/src.hpp does not include practicus/mock/impl/server.ipp")

    def test_posix_in_the_core(self):
        core = {"../practicus.hpp": "#include <practicus/client.hpp>\n"}
        self.check({**core, "impl/client.ipp": "#include <unistd.h>\n"})
        self.check({**core, "detail/net/o.hpp": "#include <sys/stat.h>\n"},
                   "practicus.hpp includes practicus/client.hpp includes practicus/detail/net/o.hpp includes sys/stat.h")

    def test_quotes(self):
        self.check({"client.hpp": '#include "practicus/error.hpp"\n'},
                   'practicus/client.hpp includes "practicus/error.hpp" in quotes: write <practicus/error.hpp>')

    def test_a_header_that_is_not_there(self):
        self.check({"client.hpp": "#include <practicus/x.hpp>\n"},
                   'practicus/client.hpp includes "practicus/x.hpp", which is not there')

    def test_a_header_without_a_layer(self):
        self.check({"x.hpp": ""}, "practicus/x.hpp is in no layer")
        self.check({"detail/x/y.hpp": ""}, "practicus/detail/x/y.hpp is in no layer")
        self.check({"detail/y.hpp": ""}, "practicus/detail/y.hpp is in no layer")

    def test_the_client_includes_the_mock(self):
        self.check({"client.hpp": "#include <practicus/mock/token.hpp>\n"},
                   "practicus/client.hpp includes practicus/mock/token.hpp: the client includes nothing of the mock")

    def test_asio_where_only_is_decided(self):
        for name in ("detail/base/b.hpp", "detail/net/name_state.hpp", "mock/codec.hpp"):
            self.check({name: "#include <boost/asio.hpp>\n"},
                       f"practicus/{name} decides, but practicus/{name} includes boost/asio.hpp")

    def test_an_address_is_no_io_object(self):
        self.check({"detail/base/b.hpp": "#include <boost/asio/ip/address.hpp>\n#include <boost/asio/ip/network_v4.hpp>\n"})
        self.check({"detail/base/b.hpp": "#include <boost/asio/ip/tcp.hpp>\n"},
                   "practicus/detail/base/b.hpp decides, but practicus/detail/base/b.hpp includes boost/asio/ip/tcp.hpp")

    def test_asio_through_another_header(self):
        self.check({"detail/net/name_state.hpp": "#include <practicus/detail/net/n.hpp>\n"},
                   "practicus/detail/net/name_state.hpp decides, but practicus/detail/net/name_state.hpp includes "
                   "practicus/detail/net/n.hpp includes boost/asio/post.hpp")

    def test_test_sources(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "unit").mkdir()
            pathlib.Path(folder, "unit/a.cpp").touch()
            self.assertEqual(list(layers.source_faults(pathlib.Path(folder), ["unit/b.cpp", "unit/b.cpp"])),
                             ["unit/a.cpp is part of no test program", "unit/b.cpp is part of two test programs"])


if __name__ == "__main__":
    unittest.main()
