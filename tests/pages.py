"""HTML pages as their readers see them, and a noise ledger to draw."""

from __future__ import annotations

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
