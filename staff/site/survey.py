"""Look a made site over: does every link lead somewhere, and what does a page weigh?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

__all__ = ["MOST", "PageParts", "Survey", "read_pages", "survey"]

MOST = 1_500_000  # bytes that a page may load, its figures left out
_FIGURES = "figures"  # the folder that holds them


class PageParts(HTMLParser):
    """What a page points to, what it loads, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag's links."""
        given = {name: value for name, value in attrs if value}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "preload", "icon"):
            self.loads.append(given["href"])
        elif tag in ("script", "img", "iframe") and "src" in given:
            self.loads.append(given["src"])


@dataclass(frozen=True)
class Survey:
    """What was found on a site.

    Args:
        links: how many links lead to a page of it.
        broken: page and link, of those that lead nowhere.
        foreign: page and address, of what a page loads from elsewhere or lacks.
        weights: page → bytes of it and of all it loads, but for figures, before a
            server compresses them.
    """

    links: int
    broken: list[tuple[str, str]]
    foreign: list[tuple[str, str]]
    weights: Mapping[str, int]

    @property
    def problems(self) -> list[str]:
        """What has to be mended, one line each; empty if nothing."""
        lines = [f"{page}: the link {link} leads nowhere" for page, link in self.broken]
        lines += [
            f"{page}: loads {what}, which it lacks" for page, what in self.foreign
        ]
        return lines + [
            f"{page}: {weight / 1e6:.2f} MB without figures, at most {MOST / 1e6:.1f}"
            for page, weight in self.weights.items()
            if weight > MOST
        ]

    def __str__(self) -> str:
        heaviest = sorted(self.weights.items(), key=lambda each: -each[1])[:3]
        told = ", ".join(f"{page} {weight / 1e6:.2f}" for page, weight in heaviest)
        return (
            f"{len(self.weights)} pages, {self.links:,} links between them, "
            f"{len(self.broken)} lead nowhere\n"
            f"heaviest in MB, without figures (at most {MOST / 1e6:.1f}): {told}"
        )


def read_pages(site: Path) -> dict[Path, PageParts]:
    """Return the parts of every page of a site, by its file."""
    found = {}
    for path in sorted(site.rglob("*.html")):
        if "_static" in path.relative_to(site).parts:
            continue  # a template of the theme
        found[path.resolve()] = parts = PageParts()
        parts.feed(path.read_text("utf-8"))
    return found


def survey(site: Path) -> Survey:
    """Follow every link of a site, and weigh every page."""
    pages = read_pages(site)
    links, broken, foreign, weights = 0, [], [], {}
    for path, parts in pages.items():
        name = path.relative_to(site.resolve()).as_posix()
        inside = [link for link in parts.links if not urlsplit(link).scheme]
        inside = [link for link in inside if link != "#"]
        links += len(inside)
        broken += [(name, x) for x in inside if not _leads(path, x, pages)]
        files = {x: _file(path, x) for x in parts.loads if not x.startswith("data:")}
        files.pop("#", None)
        foreign += [(name, x) for x, file in files.items() if file is None]
        loaded = {file for file in files.values() if file is not None}
        light = [file for file in (path, *loaded) if _FIGURES not in file.parts]
        weights[name] = sum(file.stat().st_size for file in light)
    return Survey(links, broken, foreign, weights)


def _file(page: Path, address: str) -> Path | None:
    """Return the file that an address on a page means; None if there is none."""
    parts = urlsplit(address)
    if parts.netloc:
        return None
    file = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    return file if file.is_file() else None


def _leads(page: Path, link: str, pages: Mapping[Path, PageParts]) -> bool:
    target, place = _file(page, link), unquote(urlsplit(link).fragment)
    if target is None or not place:
        return target is not None
    return target not in pages or place in pages[target].anchors
