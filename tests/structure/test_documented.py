# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests that each public name has a row in docs/reference.md, each operation an example between marks in
examples/operations.cpp, and each command and option of the command line an entry in its manual page."""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "docs"))
import public_api  # noqa: E402

INNER = re.compile(r"^namespace (?!practicus).*\{\n(?:.*\n)*?\}+ // namespace.*$", re.MULTILINE)
TYPE = re.compile(r"(?:class|struct|enum class) (?:[A-Z_]+ )?(\w+)\b(?!.*;$)")
ALIAS = re.compile(r"using (\w+) =")
FUNCTION = re.compile(r"(?!using |friend |requires |template ?<|static_assert)[\w\[][^=]*?(?<![:\w])(\w+)\(")
COMMAND = re.compile(r'\b(?:add|add_subcommand)\(\s*"(\w+)"')
OPTION = re.compile(r'add_(?:option|flag)\(\s*"--([\w-]+)"')


def public_names(lines):
    """What a header declares in the library's namespace, but for operators."""
    for line in INNER.sub("", "\n".join(lines)).split("\n"):
        for kind in (TYPE, ALIAS, FUNCTION):
            if found := kind.match(line):
                yield found.group(1)
                break


def names_without_row(names, reference):
    return sorted(set(names) - set(re.findall(r"practicus(?:::\w+)+", reference)))


def samples_without_marks(lines, examples):
    samples = re.findall(r"\\sample\{(\w+)\}", "\n".join(lines))
    return [name for name in samples if examples.count(f"//! [{name}]\n") != 2]


def entries_missing(sources, manual):
    """What the program's sources add and the manual page has no entry of."""
    commands = {name for name in COMMAND.findall(sources) if not re.search(rf"^\.It Cm {name}\b", manual, re.MULTILINE)}
    options = {name for name in OPTION.findall(sources) if not re.search(rf"\bFl -{name}(?![\w-])", manual)}
    return sorted(commands) + sorted(f"--{name}" for name in options)


def headers():
    folder = ROOT / "include" / "practicus"
    return [path for path in sorted([*folder.glob("*.hpp"), *folder.glob("mock/*.hpp")]) if path.name != "src.hpp"]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


class Documented(unittest.TestCase):
    def test_names(self):
        lines = ["class own;", "class a final : public b", "struct c", "enum class d", "using e = int;", "bool f(a const& of,",
                 "[[nodiscard]] inline a g(c);", "    void member();", "template <class T>", "concept h = true;", "a a::g() const", "namespace boost::asio {",
                 "struct i", "} // namespace boost::asio", "namespace practicus {", "struct j"]
        self.assertEqual(list(public_names(lines)), ["a", "c", "d", "e", "f", "g", "j"])
        self.assertEqual(names_without_row(["practicus::a", "practicus::b"], "| practicus::a, practicus::mock::b |"),
                         ["practicus::b"])

    def test_examples(self):
        self.assertEqual(samples_without_marks(["/// A. \\sample{a}", "/// B. \\sample{b}"], "//! [a]\nx\n//! [a]\n//! [b]\n"), ["b"])

    def test_entries(self):
        sources = 'add("one", "text", f); app.add_subcommand("two", "text"); c.add_flag("--a"); c.add_option("--a-b", d)'
        self.assertEqual(entries_missing(sources, ".It Cm one Oo Fl -a-b Oc\n.Cm two\n"), ["two", "--a"])

    def test_each_public_name_has_a_row(self):
        names = [("practicus::mock::" if path.parent.name == "mock" else "practicus::") + name
                 for path in headers() for name in public_names(public_api.public_api(path))]
        self.assertGreater(len(names), 150)
        self.assertEqual(names_without_row(names, read("docs/reference.md")), [])

    def test_each_operation_has_an_example(self):
        lines = [line for name in ("client", "batch") for line in public_api.public_api(ROOT / f"include/practicus/{name}.hpp")]
        self.assertGreater(sum("\\sample{" in line for line in lines), 30)
        self.assertEqual(samples_without_marks(lines, read("examples/operations.cpp")), [])

    def test_each_command_and_option_has_an_entry(self):
        sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples/cli").glob("*.[ch]pp")))
        self.assertGreater(len(COMMAND.findall(sources)), 12)
        self.assertEqual(entries_missing(sources, read("examples/cli/practicus.1")), [])


if __name__ == "__main__":
    unittest.main()
