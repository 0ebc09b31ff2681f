# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""search_index.py SITE LUNR: writes the texts of the site's pages, section by section, to SITE/search_index.js, and lunr
beside it, for search.js."""

import html.parser
import json
import pathlib
import re
import shutil
import sys

import public_api

GETTER = re.sub("<.*?>", "", public_api.GETTER)
HEADINGS = ("h1", "h2", "h3", "h4")
# Tooltips, links to what stands below, marks for a section's own link.
HIDDEN = ("ttc", "permalink", "summary", "mlabels", "navpath", "groupheader")
VOID = ("br", "img", "hr", "input", "link", "meta", "wbr")


class Page(html.parser.HTMLParser):
    """A page's title and its sections: [anchor, title, text]. A member, an enumerator and a heading each begin one."""

    def __init__(self, text):
        super().__init__()
        self.title, self.sections = "", [["", "", ""]]
        self.stack, self.anchor = [], ""
        self.feed(text)

    def begin(self, anchor):
        """What a member's own part says replaces what the list of members says of it."""
        self.sections = [section for section in self.sections if not anchor or section[0] != anchor]
        self.sections.append([anchor, "", ""])

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        kinds = found.get("class") or ""
        self.anchor = found.get("id") or self.anchor
        row = re.search(r"\bmemitem:(\w+)", kinds)
        if row:
            self.begin(row.group(1))
        elif tag in HEADINGS and "groupheader" not in kinds:
            self.begin(self.anchor)
        if tag not in VOID:
            self.stack.append((tag, kinds))
        if tag in ("td", "p", "li", "dd", "dt", "div", "br"):
            self.add(" ")

    def handle_endtag(self, tag):
        while any(tag == name for name, _ in self.stack):
            if self.stack.pop()[0] == tag:
                break

    def within(self, *kinds):
        return any(kind in found.split() for _, found in self.stack for kind in kinds)

    def add(self, text):
        section = self.sections[-1]
        tag = self.stack[-1][0] if self.stack else ""
        if self.within("title"):
            self.title += text
        elif not self.within("contents") or self.within(*HIDDEN) or tag == "script" or text == "More...":
            return
        elif tag in HEADINGS or tag in ("a", "b") and self.within("memItemRight", "memTemplItemRight") and not section[1].strip():
            section[1] += text
        else:
            section[2] += text

    def handle_data(self, data):
        if self.within("fieldname") and data.strip() and self.sections[-1][0] != self.anchor:
            self.begin(self.anchor)
            self.sections[-1][1] = data
        self.add(data)


def plain(text):
    return " ".join(text.split())


def sections(site):
    for path in sorted(site.glob("*.html")):
        if path.name.endswith("-members.html") or path.name in ("annotated.html", "classes.html", "examples.html"):
            continue
        page = Page(path.read_text(encoding="utf-8"))
        title = re.sub(r" (Class|Struct|Concept|Namespace|File)( Template)? Reference.*$", "", plain(page.title))
        for anchor, heading, text in page.sections:
            if plain(text) and not plain(text).endswith(GETTER):
                yield {"title": plain(heading).removeprefix("◆ ") or title, "page": title,
                       "url": f"{path.name}#{anchor}" if anchor else path.name, "text": plain(text)}


def main(site, lunr):
    found = list(sections(site))
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    (site / "search_index.js").write_text(f"const practicusSections = {text};\n", encoding="utf-8")
    shutil.copy(lunr, site / "lunr.min.js")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
