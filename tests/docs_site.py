# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""docs_site.py SITE REFERENCE: looks for links that lead nowhere, for names that are not public, and for public ones that
the list by topic leaves out."""

import html.parser
import pathlib
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """Where a page's links lead, what they can lead to in it, and its text."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.texts = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))
        if tag == "a" and found.get("href"):
            self.links.add(found["href"])

    def handle_data(self, data):
        self.texts.append(data)


def link_faults(pages, files):
    for name, page in sorted(pages.items()):
        for link in sorted(page.links):
            url = urllib.parse.urlsplit(link)
            target = urllib.parse.unquote(url.path) or name
            if url.scheme or target in files and target not in pages:
                continue
            if target not in pages:
                yield f"{name}: {link} leads to no page"
            elif url.fragment and urllib.parse.unquote(url.fragment) not in pages[target].anchors:
                yield f"{name}: {link} leads to no place in {target}"


def name_faults(pages):
    for name, page in sorted(pages.items()):
        text = "".join(page.texts)
        for hidden in ("inline v1", "v1::", "practicus::detail"):
            if hidden in text:
                yield f"{name} shows '{hidden}'"


def class_names(files):
    """Classes and structs that have a page, as users write them."""
    for name in files:
        if found := re.fullmatch(r"(?:class|struct)practicus_1_1(.*)(?<!-members)\.html", name):
            yield "practicus::" + found.group(1).replace("_1_1", "::").replace("__", "_")


def reference_faults(names, text):
    listed = set(re.findall(r"practicus(?:::\w+)+", text))
    for name in sorted(set(names)):
        outer = name.rsplit("::", 1)[0]
        if "::detail::" not in name and name not in listed and (outer not in listed or outer == "practicus::mock"):
            yield f"{name} is not in the list by topic"


def main():
    site, reference = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    files = {path.name for path in site.iterdir()}
    pages = {path.name: Page(path.read_text(encoding="utf-8")) for path in site.glob("*.html")}
    names = list(class_names(files))
    if "index.html" not in pages or len(names) < 50:
        print("this is not the site")
        return 1
    found = [*link_faults(pages, files), *name_faults(pages),
             *reference_faults(names, reference.read_text(encoding="utf-8"))]
    for fault in found:
        print(fault)
    print(f"{len(pages)} pages, {len(names)} classes, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
