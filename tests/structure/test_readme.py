# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The README has its sections in order, and its links lead to files and sections. In it and in docs, every C++ or Python block
is part of an example, which is run, every CMake block is part of a consumer, and every shell command names existing files,
programs, targets and options."""

import json
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from blocks import blocks, commands # noqa: E402


# The introduction comes before the first section.
SECTIONS = ["A complete program", "Install", "The command line", "What it does for you", "Requirements and compilers",
            "Tests", "Documentation", "Licence"]


def without_code(text):
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def sections(text):
    """The titles, those in blocks of code left out."""
    return re.findall(r"^## (.*)$", without_code(text), re.MULTILINE)


def slug(title):
    """The anchor of a title on GitHub."""
    return re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def pages():
    """By name, the READMEs and all pages of the site."""
    return {path.relative_to(ROOT).as_posix(): path.read_text()
            for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "packaging/README.md"]}


def all_blocks(language):
    for name, text in pages().items():
        for block in blocks(text, language):
            yield name, block


def texts(pattern, folder):
    return [path.read_text() for path in sorted((ROOT / folder).rglob(pattern))]


def programs():
    """By its path below examples, the text of a program's sources, as the targets name them."""
    listed = re.search(r"foreach\(example IN ITEMS ([^)]*)\)", (ROOT / "examples/CMakeLists.txt").read_text())
    shared = "".join(texts("*.hpp", "examples"))
    result = {name: (ROOT / f"examples/{name}.cpp").read_text() + shared for name in listed.group(1).split()}
    return {**result, "practicus": (ROOT / "examples/cli/practicus.1").read_text()}


def has_option(program, option):
    return f'"{option}"' in program or re.search(f"Fl {re.escape(option[1:])}(?![a-z-])", program) is not None


def command_faults(line, known):
    """The names in a shell command that do not exist."""
    words = line.split("#")[0].split()
    for word in words:
        path = re.match(r"(examples|tests|cmake|docs)/[\w./]+", word)
        if path and not (ROOT / path.group()).exists():
            yield f"no {path.group()}"
        option = re.match(r"-D(PRACTICUS_\w+)=", word)
        options = [(ROOT / "CMakeLists.txt").read_text(), *texts("*.cmake", "cmake")]
        if option and f"({option.group(1)} " not in "".join(options):
            yield f"no option {option.group(1)}"
    presets = json.loads((ROOT / "CMakePresets.json").read_text())["configurePresets"]
    if "--preset" in words and (preset := words[words.index("--preset") + 1]) not in [each["name"] for each in presets]:
        yield f"no preset {preset}"
    if "--target" in words:
        for target in words[words.index("--target") + 1:]:
            if target not in known and target not in ("docs", "practicus_cli"):
                yield f"no target {target}"
    for number, word in enumerate(words):
        run = re.fullmatch(r"(?:\S*/examples/)?(\w+)", word)
        if not run or (word == run.group(1) and word != "practicus") or word.startswith("tests/"):
            continue
        name = run.group(1)
        if name not in known:
            yield f"no program {name}"
            continue
        for option in words[number + 1:]:
            if option.startswith("--") and not has_option(known[name], option.strip(")")):
                yield f"{name} has no option {option}"
        command = words[number + 1] if len(words) > number + 1 else ""
        if name == "practicus" and f"\n.It Cm {command}" not in known[name]:
            yield f"practicus has no command {command}"


class Readme(unittest.TestCase):
    def test_sections_are_found(self):
        self.assertEqual(sections("# t\n## a\n```sh\n## no\n```\n### no\n## b c\n"), ["a", "b c"])

    def test_sections_stand_in_their_order(self):
        text = (ROOT / "README.md").read_text()
        self.assertEqual(sections(text), SECTIONS)
        introduction = text.split("\n## ")[0]
        self.assertRegex(introduction, r"^# practicus\n\nA header-only C\+\+20 client for ")

    def test_links_lead_to_files_and_sections(self):
        links = re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", without_code((ROOT / "README.md").read_text()))
        self.assertGreater(len(links), 12)
        for path, section in links:
            with self.subTest(path=path, section=section):
                self.assertTrue((ROOT / path).exists())
                self.assertTrue(not section or section in map(slug, sections((ROOT / path).read_text())))

    def test_every_operation_is_listed(self):
        header = (ROOT / "include/practicus/client.hpp").read_text().split("\nprivate:")[0]
        names = set(re.findall(r"^    (?:\[\[nodiscard\]\] )?(?:awaitable<.*>|auto|void(?=.*\) const)) (\w+)\(", header, re.MULTILINE))
        self.assertGreater(len(names), 12)
        text = (ROOT / "docs/guide.md").read_text()
        listed = text.split("## Operations")[1].split("\n## ")[0]
        for name in sorted(names):
            with self.subTest(operation=name):
                self.assertRegex(listed, rf"`[^`]*\b{name}\(")


class Blocks(unittest.TestCase):
    def test_blocks_are_found(self):
        text = "a\n```cpp\nint i;\n```\n```sh\nls\n```\n```\nout\n```\n"
        self.assertEqual(blocks(text), ["int i;\n"])
        self.assertEqual(blocks(text, "sh"), ["ls\n"])
        self.assertEqual(blocks(text, ""), ["out\n"])
        self.assertEqual(commands("```sh\na \\\n  b\n# no\n\nc\n```\n"), ["a   b", "c"])
        for name, page in pages().items():
            with self.subTest(page=name):
                self.assertEqual(len(re.findall("^```", page, re.MULTILINE)),
                                 2 * sum(len(blocks(page, kind)) for kind in ("cpp", "python", "sh", "cmake", "")))
        self.assertGreater(len(list(all_blocks("cpp"))), 20)

    def test_cpp_stands_in_examples(self):
        examples = texts("*.cpp", "examples")
        for name, block in all_blocks("cpp"):
            with self.subTest(page=name, block=block):
                self.assertTrue(any(block in example for example in examples))

    def test_python_stands_in_examples(self):
        examples = texts("*.py", "examples")
        self.assertGreater(len(list(all_blocks("python"))), 1)
        for name, block in all_blocks("python"):
            with self.subTest(page=name, block=block):
                self.assertTrue(any(block in example for example in examples))

    def test_cmake_stands_in_a_consumer(self):
        consumers = [set(re.findall(r"[\w:]+", line))
                     for text in texts("*.cmake", "tests/consumer") + texts("CMakeLists.txt", "tests/consumer") for line in text.splitlines()]
        for name, block in all_blocks("cmake"):
            for line in block.splitlines():
                with self.subTest(page=name, line=line):
                    words = set(re.findall(r"[\w:]+", line)) - {"your_program"}
                    self.assertTrue(any(words <= consumer for consumer in consumers))

    def test_faults_of_commands_are_found(self):
        known = {"smallest": "", "quickstart": '"--url"', "practicus": "\n.It Cm mock\n.It Fl -port Ar n\n"}
        for line, fault in [("examples/no.sh", "no examples/no.sh"),
                            ("cmake -DPRACTICUS_NONE=ON", "no option PRACTICUS_NONE"),
                            ("cmake --build build --target smallest none", "no target none"),
                            ("cmake --preset none", "no preset none"),
                            ("build/x/examples/none", "no program none"),
                            ("build/x/examples/quickstart --no", "quickstart has no option --no"),
                            ("practicus none", "practicus has no command none"),
                            ("practicus mock --no", "practicus has no option --no")]:
            with self.subTest(line=line):
                self.assertEqual(list(command_faults(line, known)), [fault])
        for line in ["examples/run.sh # x", "cmake -DPRACTICUS_BUILD_TESTS=OFF", "practicus mock --port 1",
                     "cmake --build build --target smallest", "build/x/examples/quickstart --url http://a"]:
            with self.subTest(line=line):
                self.assertEqual(list(command_faults(line, known)), [])

    def test_commands_name_what_is_there(self):
        known = programs()
        for name, page in pages().items():
            for line in commands(page):
                with self.subTest(page=name, line=line):
                    self.assertEqual(list(command_faults(line, known)), [])


if __name__ == "__main__":
    unittest.main()
