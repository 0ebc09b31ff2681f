# Copyright (c) 2026 The practicus authors
# Distributed under the Boost Software License, Version 1.0. (See accompanying file LICENSE)
"""docs_browser.py CHROMIUM SITE: tests the site's files in a browser, without a server. On a small screen the text comes before
the contents, nothing is wider than the screen, and the search finds pages."""

import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile

WIDTH, HEIGHT = 390, 844
PAGES = ("index.html", "classpracticus_1_1client.html", "tls_and_proxies.html", "namespacepracticus.html")

# Each page stands in a frame of a telephone's size: a browser's own window is never as narrow. It tells the page around it,
# which keeps that in an attribute for --dump-dom.
FRAMES = """<!DOCTYPE html>
<script>
const seen = {};
addEventListener('message', event => {
    Object.assign(seen, event.data);
    document.documentElement.dataset.seen = JSON.stringify(seen);
});
</script>
"""
PROBE = """
<script>
addEventListener('load', async () => {
    const top = selector => document.querySelector(selector).getBoundingClientRect().top;
    const field = document.getElementById('words');
    field.value = 'self-signed certificate';
    field.dispatchEvent(new Event('input'));
    for (let tries = 0; tries !== 200 && !document.querySelector('#found a'); ++tries)
        await new Promise(done => setTimeout(done, 50));
    parent.postMessage({'NAME': {
        width: innerWidth, overflow: document.documentElement.scrollWidth - innerWidth, title: top('.title'),
        text: top('.contents'), contents: top('#site'),
        found: [...document.querySelectorAll('#found a')].map(link => link.getAttribute('href'))}}, '*');
});
</script>
"""


def look(chromium, site):
    """What the browser shows, by page."""
    frames = FRAMES
    for name in PAGES:
        text = (site / name).read_text(encoding="utf-8")
        (site / f"probe_{name}").write_text(text.replace("</body>", PROBE.replace("NAME", name) + "</body>"), encoding="utf-8")
        frames += f'<iframe width="{WIDTH}" height="{HEIGHT}" style="border: 0" src="probe_{name}"></iframe>\n'
    (site / "probe.html").write_text(frames, encoding="utf-8")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
                   "--virtual-time-budget=30000", "--dump-dom", (site / "probe.html").as_uri()]
        dom = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             timeout=150).stdout
    found = re.search(r'data-seen="(.*?)"', dom)
    return json.loads(html.unescape(found.group(1))) if found else {}


def faults(seen):
    if seen is None:
        return ["the page's scripts did not end"]
    found = []
    if seen["width"] != WIDTH:
        found.append(f"the screen is {seen['width']} wide")
    if not 0 < seen["title"] < seen["text"] < HEIGHT / 3:
        found.append(f"the title is at {seen['title']:.0f}, the text at {seen['text']:.0f}")
    if seen["contents"] < HEIGHT:
        found.append(f"the contents are at {seen['contents']:.0f}, on the first screen")
    if seen["overflow"] > 0:
        found.append(f"the page is {seen['overflow']} wider than the screen")
    if not any(link.startswith("tls_and_proxies.html") for link in seen["found"]):
        found.append(f"the search finds {seen['found']}")
    return found


def main(chromium, site):
    seen = look(chromium, site)
    found = [f"{name}: {fault}" for name in PAGES for fault in faults(seen.get(name))]
    print("\n".join([*found, f"{len(PAGES)} pages in a browser, {len(found)} faults"]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]).resolve()))
