# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""The words of code: a thing is the subject of each comment and test name, none asks a question, and no name that was
replaced comes back."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "tests", "examples", "benchmarks")
PERSON = r"who|whoever|whom|nobody|somebody|anybody|everybody"
WORDS = re.compile(rf"\b({PERSON}|can\s+not)\b|\?", re.IGNORECASE)
# The first word of a comment that names a question instead of a thing.
QUESTION = re.compile(r"^\s*(What|How|Whether|Why|Which)\b")
# In texts, a name such as "nobody@company.com" and a question to the user are data.
TEXTS = re.compile(rf"\b({PERSON}|can\s+not)\b", re.IGNORECASE)
OLD = re.compile(r"\b(" + "|".join("""
    activity announcer batch_window body_flow careful csv_cutter csv_tail deployed_\\w+ dial(?:s|led|ling|ler)? drop_body errand forwarder_?
    in_vain_? is_others_turn is_pinned is_steering is_worthless join_flight json_shape keeps_password keyed_flights
    landed landing lasting login_lineage look_again max_answer must_fetch name_cache nobody permanence renew_behind
    remote_call run_apart secret_answer shared_use slow_ somebody split_answer steering stored_value sweeper trade_for
    transcoder unexpected_rows unwanted use_period via wiped_later without_frame""".split()) + r")\b")
LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')


def comments(text):
    """The text of each block of comments, without code."""
    for block in re.findall(r"(?:^.*//.*\n)+", LITERAL.sub('""', text), re.MULTILINE):
        yield re.sub(r"`.*?`|\S+://\S*", "", " ".join(re.findall(r"//[/<]*(.*)", block)))


def names(text):
    for literals in re.findall(r'\b(?:TEST_CASE|SECTION)\(((?:\s*"(?:[^"\\]|\\.)*")+)', text):
        yield "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))


def texts(text):
    """The texts of more than one word."""
    return [literal for literal in LITERAL.findall(re.sub(r"//.*", "", text)) if re.search(r"\w \w", literal)]


def code(text):
    return LITERAL.sub('""', re.sub(r"//.*", "", text))


def faults(parts, words=WORDS):
    return [f"{found.group().strip()}: {text.strip()}" for text in parts if (found := words.search(text))]


class Words(unittest.TestCase):
    def test_faults_are_found(self):
        self.assertEqual(len(faults(comments("/// The caller\n/// who waits\n\nint i; ///< is\n/// it?\n\n// can\n// not\n"))), 3)
        self.assertEqual(faults(comments("/// The whole `a?b`.\n/// Cannot fail.\nint who;\nf(\"a? // b\");\n// a \"?\" b\n")), [])
        self.assertEqual(faults(names('TEST_CASE("nobody" " waits", "[x]")\nSECTION("a wait")')), ["nobody: nobody waits"])
        self.assertEqual(faults(texts('f("somebody waits"); g("nobody@h"); // "who is"\n'), TEXTS), ['somebody: "somebody waits"'])
        self.assertEqual(faults([code('proxy const* via; // via\n')], OLD), ["via: proxy const* via;"])
        self.assertEqual(faults(comments("/// What bounds a run.\nint i;\n/// A run. How far?\n"), QUESTION), ["What: What bounds a run."])
        self.assertEqual(faults([code('f("via"); // steering\nint available;')], OLD), [])

    def test_tree(self):
        for folder in FOLDERS:
            for path in sorted((ROOT / folder).rglob("*.[hic]pp")):
                with self.subTest(file=path.relative_to(ROOT).as_posix()):
                    text = path.read_text()
                    self.assertEqual(faults(comments(text)), [])
                    if folder == "include":
                        self.assertEqual(faults(comments(text), QUESTION), [])
                    self.assertEqual(faults(names(text)), [])
                    self.assertEqual(faults(texts(text), TEXTS), [])
                    self.assertEqual(faults(code(text).splitlines(), OLD), [])


if __name__ == "__main__":
    unittest.main()
