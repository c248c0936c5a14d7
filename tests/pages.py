"""HTML pages as their readers see them, and a noise ledger to draw."""

from __future__ import annotations

import subprocess
from html import escape
from html.parser import HTMLParser

from neurosim.analysis import ALL, BETA, SETTLE, Figures, Point, Row

VOID = {"meta", "link", "img", "br", "hr", "col", "input"}


class Parsed(HTMLParser):
    """Open tags, mistakes, addresses, links with the file they save, and the text that shows."""

    def __init__(self, text):
        super().__init__()
        self.open, self.wrong, self.addresses, self.downloads, self.shown = [], [], [], [], []
        self.tags = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "srcset", "action", "data", "poster"}:
                self.addresses.append(value)
            if name == "download":
                self.downloads.append(value)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.shown.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.shown).split())


# A window has a least width, a frame has none.
FRAME = """<body><iframe style="border: 0; width: {}px; height: 900px" srcdoc="{}"></iframe>
<script>
window.addEventListener('load', () => {{
  const page = document.querySelector('iframe').contentDocument;
  const images = [...page.images];
  const broken = images.filter(i => !i.complete || i.naturalWidth === 0).length;
  const lost = [...page.querySelectorAll('a[href^="#"]')]
    .filter(a => !page.getElementById(a.getAttribute('href').slice(1))).length;
  const wide = page.documentElement.scrollWidth > page.documentElement.clientWidth;
  const sideways = [...page.querySelectorAll('.scroll, pre')]
    .filter(box => box.scrollWidth > box.clientWidth).length;
  document.title = `images ${{images.length}} broken ${{broken}} lost ${{lost}} wide ${{wide}}`
    + ` sideways ${{sideways}}`;
}});
</script></body>"""


def in_a_browser(text, width, folder):
    """What a page of so many pixels has: images, broken ones, lost links, whether it is wider.

    And how many tables and texts must be scrolled sideways.

    Raises
    ------
    AssertionError
        The browser complains.
    """
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width, escape(text)), "utf-8")
    done = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
            f"--user-data-dir={folder / 'browser'}", "--window-size=1200,900",
            "--virtual-time-budget=2000", "--dump-dom", frame.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    return done.stdout.partition("<title>")[2].partition("</title>")[0]


def made():
    def figures(cosine):
        return Figures(cosine - 0.01, cosine, cosine, 0.0, 0.1, 20.0)

    names = [BETA, SETTLE, "ADC bits", ALL]
    cosines = [0.999, 0.98, 0.9, 0.7]
    rows = [
        Row(name, "read", "own", 1e-3, 1e-4, 0.0, 1.0, 0, figures(cosine))
        for name, cosine in zip(names, cosines, strict=True)
    ]
    betas = [(1e-3, 0.5), (5e-3, 0.9), (1e-2, 0.8)]
    return rows, [Point(beta, figures(cosine)) for beta, cosine in betas]
