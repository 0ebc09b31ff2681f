# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""Tests that Doxygen gets exactly the public API, and that the test of the site finds each kind of fault."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "docs"), str(ROOT / "tests")]
import docs_site  # noqa: E402
import public_api  # noqa: E402

HEADER = """\
// Licence
// of two lines
#pragma once

#include <string>

// Of all that follows.

namespace practicus { inline namespace v1 {

class own;

namespace detail {

/// Hidden.
struct hidden
{};

} // namespace detail

/// Shown.
class shown
{
public:
    shown() noexcept {}

    /// How many. Default: 1.
    shown& count(int n)
    {
        count_ = n;
        return *this;
    }
    int count() const noexcept { return count_; }

    int bare() const;
    shown(shown const&) = delete;
    /// Not
    /// for users.
    template <class Stream>
    friend Stream& operator<<(Stream&,
                              shown const&) = delete;
    friend bool operator==(shown const&, shown const&) = default;

private:
    friend class own;
    /// Its own.
    int count_ = 1;
};

inline int detail::apart(shown const&)
{
    return 0;
}

}} // namespace practicus::v1

template <>
struct std::hash<practicus::shown> : practicus::detail::hash
{};
"""


class PublicApi(unittest.TestCase):
    def setUp(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "shown.hpp"
            path.write_text(HEADER)
            self.lines = public_api.public_api(path)
        self.text = "\n".join(self.lines)

    def test_every_line_stands_where_it_was(self):
        given = HEADER.split("\n")
        self.assertEqual(len(self.lines), len(given))
        for name in ("class shown", "int bare() const;"):
            self.assertEqual([name in line for line in self.lines], [name in line for line in given])

    def test_what_is_not_public_is_not_shown(self):
        for hidden in ("v1", "detail", "Hidden", "hidden", "private", "count_ = 1", "Its own", "std::hash", "= delete",
                       "Not", "for users", "Stream"):
            with self.subTest(hidden=hidden):
                self.assertNotIn(hidden, self.text)

    def test_members_of_the_client_have_an_example(self):
        lines = ["class client", "    /// Logs in.", "    awaitable<void> login(std::string email) const;", "    /// Another.",
                 "    awaitable<void> login(credentials who) const;", "    int bare() const;"]
        self.assertEqual(public_api.with_examples(lines)[1:4:2], ["    /// Logs in. \\sample{login}",
                                                                  "    /// Another. \\sample{login_2}"])

    def test_comments_that_the_header_leaves_out(self):
        self.assertIn("/// \\file\n/// Of all that follows.", self.text)
        self.assertIn(f"    /** \\brief {public_api.GETTER} */ int count() const", self.text)
        self.assertIn(f"    /** \\brief {public_api.DEFAULT} */ shown() noexcept", self.text)
        self.assertIn(f"    /** \\brief {public_api.COMPARISON} */ friend bool operator==", self.text)
        self.assertEqual(self.text.count("\\brief"), 3)


class Site(unittest.TestCase):
    PAGES = {"index.html": '<a href="a.html#here">a</a><a href="https://a.b/">b</a><a href="a.png">c</a>',
             "a.html": '<p id="here">text</p>'}

    def faults(self, **changes):
        pages = {name: docs_site.Page(text) for name, text in {**self.PAGES, **changes}.items()}
        return [*docs_site.link_faults(pages, {*pages, "a.png"}), *docs_site.name_faults(pages)]

    def test_a_right_site(self):
        self.assertEqual(self.faults(), [])

    def test_faults(self):
        self.assertEqual(self.faults(**{"a.html": ""}), ["index.html: a.html#here leads to no place in a.html"])
        self.assertEqual(self.faults(**{"b.html": '<a href="c.html">c</a>'}), ["b.html: c.html leads to no page"])
        self.assertEqual(self.faults(**{"b.html": "practicus::<b>detail</b>"}), ["b.html shows 'practicus::detail'"])

    def test_members_in_a_list_have_one_sentence(self):
        row = '<tr class="memdesc:a1"><td class="mdescLeft"></td><td class="mdescRight">%s</td></tr>'
        self.assertEqual(list(docs_site.member_faults({"a.html": row % f"<b title='{'x' * 400}'>Short.</b>"})), [])
        self.assertEqual(list(docs_site.member_faults({"a.html": row % ("word " * 80)})),
                         ["a.html#a1: the list of members has more than its first sentence"])

    def test_operations_have_examples(self):
        row = '<tr class="memitem:a%d"><td class="memItemRight" x="y"><a class="el" href="#">f%d</a> (int)</td></tr>\n'
        part = '\n<a id="a%d" name="a"></a>\n<h2 class="memtitle">f</h2>%s'
        numbers = range(30)
        example = '<div class="fragment">'
        page = "".join(row % (n, n) for n in numbers)
        whole = page + "".join(part % (n, example) for n in numbers) + "<footer>"
        self.assertEqual(list(docs_site.operation_faults(whole)), [])
        lacks = page + "".join(part % (n, example if n != 7 else "") for n in numbers) + "<footer>"
        self.assertEqual(list(docs_site.operation_faults(lacks)), ["client::f7 has no example"])
        self.assertEqual(list(docs_site.operation_faults("")), ["the client has no list of its members"])

    def test_examples_are_there_and_linked(self):
        texts = {"cli_2main_8cpp-example.html": "", "a.html": "<code>examples/b.cpp</code>"}
        self.assertEqual(list(docs_site.source_faults(texts, ["cli/main.cpp", "b.cpp"])),
                         ["b.cpp is not on the site", "a.html names b.cpp without a link"])


if __name__ == "__main__":
    unittest.main()
