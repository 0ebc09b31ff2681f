# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""docs_site.py SITE EXAMPLES: finds broken links, internal names, members without a short description or an example, and
examples that the site lacks."""

import html.parser
import pathlib
import re
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    """The links of a page, its anchors, and its text."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.texts = set(), set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors.update(found[name] for name in ("id", "name") if found.get(name))
        if tag == "a" and found.get("href"):
            self.links.add(found["href"])
        if tag == "img" and found.get("src"):
            self.links.add(found["src"])

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
        for hidden in ("inline namespace v1", "v1::", "practicus::detail"):
            if hidden in text:
                yield f"{name} shows '{hidden}'"


def member_faults(texts):
    """Lists of members show one sentence of each."""
    for name, text in sorted(texts.items()):
        for member, said in re.findall(r'<tr class="memdesc:(\w+)">.*?class="mdescRight">(.*?)</td>', text, re.DOTALL):
            if len(re.sub("<.*?>", "", said).strip()) > 330:
                yield f"{name}#{member}: the list of members has more than its first sentence"


def operation_faults(text):
    """Each function of the client has an example."""
    listed = re.findall(r'<tr class="memitem:(\w+)">.*?class="mem(?:Templ)?ItemRight"[^>]*><a class="el"[^>]*>(\w+)</a> \(', text)
    parts = dict(re.findall(r'<a id="(\w+)"[^>]*></a>\n<h2 class="memtitle">(.*?)(?=\n<a id="|<footer>)', text, re.DOTALL))
    if len(listed) < 30:
        yield "the client has no list of its members"
    for member, name in listed:
        if '<div class="fragment">' not in parts.get(member, ""):
            yield f"client::{name} has no example"


def source_faults(texts, sources):
    """Each example is there, and linked where a page names it."""
    for source in sorted(sources):
        if f"{source.replace('/', '_2').replace('.', '_8')}-example.html" not in texts:
            yield f"{source} is not on the site"
    for name, text in sorted(texts.items()):
        for source in re.findall(r"<code>examples/([\w/]+\.cpp)</code>", text):
            yield f"{name} names {source} without a link"


def main():
    site, examples = map(pathlib.Path, sys.argv[1:3])
    files = {path.name for path in site.iterdir()}
    texts = {path.name: path.read_text(encoding="utf-8") for path in site.glob("*.html")}
    pages = {name: Page(text) for name, text in texts.items()}
    sources = {path.relative_to(examples).as_posix() for path in examples.rglob("*.cpp") if "separate" not in path.name}
    if "index.html" not in pages or len(pages) < 50:
        print("this is not the site")
        return 1
    found = [*link_faults(pages, files), *name_faults(pages),
             *member_faults(texts), *operation_faults(texts.get("classpracticus_1_1client.html", "")), *source_faults(texts, sources)]
    for fault in found:
        print(fault)
    print(f"{len(pages)} pages, {len(found)} faults")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
