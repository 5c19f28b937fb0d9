"""The page of a deck: slides of one size, keys, notes, print."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Protocol

__all__ = ["page_of"]


class _Slide(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def heading(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def foot(self) -> str: ...
    @property
    def notes(self) -> str: ...


_STYLE = """
:root { color-scheme: light; --ink: #16202c; --soft: #50606f; --line: #d5dce3;
  --blue: #1f5fa8; --orange: #b3500a; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 34px/1.35 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
.slide { width: 1280px; height: 720px; padding: 44px 72px 56px; background: #fff;
  display: flex; flex-direction: column; position: relative; overflow: hidden;
  border-top: 12px solid var(--blue); }
.slide h2 { margin: 0 0 20px; font-size: 42px; line-height: 1.15; flex: none;
  text-wrap: balance; }
.slide .body { flex: 1; min-height: 0; overflow: hidden; max-width: 1136px;
  display: flex; flex-direction: column; justify-content: safe center; }
.slide .foot { position: absolute; left: 72px; right: 130px; bottom: 14px; margin: 0;
  font-size: 22px; line-height: 1.25; color: var(--soft); }
.slide .number { position: absolute; right: 40px; bottom: 14px; margin: 0;
  font-size: 22px; color: var(--soft); }
.body p { margin: 0 0 .6em; }
.body li { margin-bottom: .35em; }
.body ol, .body ul { margin: 0; padding-left: 1.3em; }
.body code { font: .88em/1.3 ui-monospace, Consolas, "DejaVu Sans Mono", monospace;
  overflow-wrap: anywhere; }
.title { justify-content: center; background: var(--ink); color: #fff;
  border-top-color: #f4a259; }
.title h2 { font-size: 68px; }
.title .body { flex: none; }
.title .foot, .title .number { color: #d5dce3; }
.predict, .check, .exercise { border-top-color: var(--orange); }
.formula .body { font-size: 38px; }
.figure .body, .live .body { align-items: center; }
.figure img, .live img { max-width: 100%; max-height: 100%; min-height: 0;
  object-fit: contain; width: 100%; flex: 1; }
table { border-collapse: collapse; font-size: 28px; line-height: 1.25; width: 100%; }
th, td { padding: 8px 14px; border-bottom: 1px solid var(--line); text-align: right;
  font-variant-numeric: tabular-nums; vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
.measured { border-left: 8px solid var(--blue); padding-left: 24px; margin: 0 0 34px; }
.measured p { margin: 0; }
.measured .effect { font-size: 30px; margin-top: 6px; }
.measured .effect b { font-size: 54px; color: var(--blue); }
.measured .held { font-size: 24px; color: var(--soft); }
.later { visibility: hidden; margin-top: 20px; border-left: 8px solid var(--orange);
  padding-left: 24px; }
.told .later { visibility: visible; }
.notes { display: none; }
.live-page { overflow: hidden; height: 100vh; background: #101820; }
.live-page .slide { position: absolute; left: 0; top: 0; visibility: hidden;
  transform-origin: 0 0; }
.live-page .slide.now { visibility: visible; }
.live-page .slide:not(.now.told) .later { visibility: hidden; }
.with-notes .now + .notes { display: block; position: fixed; z-index: 2; left: 0;
  right: 0; bottom: 0; max-height: 45vh; overflow: auto; padding: 12px 24px;
  background: #fffbe8; border-top: 2px solid var(--orange); font-size: 18px; }
.overview { overflow: auto; height: auto; display: grid; gap: 12px; padding: 12px;
  grid-template-columns: repeat(auto-fill, 320px); }
.overview .slide { position: static; visibility: visible; zoom: .25; cursor: pointer;
  transform: none !important; }
@media print {
  @page { size: 1280px 720px; margin: 0; }
  .live-page { overflow: visible; height: auto; display: block; background: #fff; }
  .live-page .slide { position: relative; visibility: visible; break-after: page;
    transform: none !important; zoom: 1; }
  .live-page .slide .later, .slide .later { visibility: visible !important; }
  .with-notes .now + .notes { display: none; }
}
"""

_SCRIPT = """
const slides = [...document.querySelectorAll(".slide")], page = document.body;
let now = 0;
const place = () => {
  const scale = Math.min(innerWidth / 1280, innerHeight / 720);
  const left = (innerWidth - 1280 * scale) / 2, top = (innerHeight - 720 * scale) / 2;
  for (const each of slides)
    each.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
};
const go = (to, told = false) => {
  now = Math.max(0, Math.min(slides.length - 1, to));
  slides.forEach((each, n) => {
    each.classList.toggle("now", n === now);
    each.ariaHidden = n !== now;
  });
  slides[now].classList.toggle("told", told);
  history.replaceState(null, "", `#${now + 1}`);
  if (!page.classList.contains("overview")) slides[now].focus();
};
const onward = () => {
  const here = slides[now];
  if (here.querySelector(".later") && !here.classList.contains("told")) go(now, true);
  else go(now + 1);
};
const overview = () => {
  page.classList.toggle("overview");
  slides[now].scrollIntoView({ block: "center" });
};
const keys = {
  ArrowRight: onward, PageDown: onward, " ": onward, ArrowDown: onward,
  ArrowLeft: () => go(now - 1), PageUp: () => go(now - 1), ArrowUp: () => go(now - 1),
  Home: () => go(0), End: () => go(slides.length - 1), o: overview, Escape: overview,
  n: () => page.classList.toggle("with-notes"),
};
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
});
addEventListener("click", (event) => {
  const chosen = slides.indexOf(event.target.closest(".slide"));
  if (page.classList.contains("overview")) { overview(); go(chosen); }
  else if (!getSelection().toString() && !event.target.closest(".notes")) onward();
});
addEventListener("resize", place);
addEventListener("hashchange", () => go(Number(location.hash.slice(1)) - 1));
// Type gets smaller where a slide is too full, down to 24 px; what is left is named.
const fit = () => {
  const full = [];
  slides.forEach((each, n) => {
    const body = each.querySelector(".body");
    const over = () => body.scrollHeight > body.clientHeight + 1
      || body.scrollWidth > body.clientWidth + 1;
    let size = parseFloat(getComputedStyle(body).fontSize);
    while (over() && size > 24) body.style.fontSize = `${(size -= 1)}px`;
    const table = body.querySelector("table");
    let inner = 28;
    while (table && over() && inner > 20) table.style.fontSize = `${(inner -= 1)}px`;
    if (over()) full.push(n + 1);
  });
  page.dataset.full = full.join(" ");
};
page.classList.add("live-page");
place();
go((Number(location.hash.slice(1)) || 1) - 1);
window.MathJax = {
  loader: { load: ["core", "input/tex", "output/chtml"] },
  tex: { inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]] },
  startup: { pageReady: () => MathJax.startup.defaultPageReady().then(fit) },
};
"""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style></head>
<body>
{slides}
<script>{script}</script>
<script defer src="mathjax/startup.js"></script>
</body></html>
"""


def page_of(title: str, slides: Sequence[_Slide]) -> str:
    """Return a deck as one HTML page.

    Args:
        title: of the deck, as text.
        slides: in order; headings and feet are Markdown-free text with formulas.
    """
    made = "\n".join(
        _section(each, number, len(slides)) for number, each in enumerate(slides, 1)
    )
    return _PAGE.format(
        title=html.escape(title), style=_STYLE, slides=made, script=_SCRIPT
    )


def _section(slide: _Slide, number: int, whole: int) -> str:
    heading = html.escape(slide.heading).replace("`", "")
    foot = f'<p class="foot">{slide.foot}</p>' if slide.foot else ""
    notes = f'<aside class="notes">{slide.notes}</aside>' if slide.notes else ""
    return (
        f'<section class="slide {slide.kind}" tabindex="-1" '
        f'aria-roledescription="slide" aria-label="{number} of {whole}">'
        f'<h2>{heading}</h2><div class="body">{slide.body}</div>{foot}'
        f'<p class="number" aria-hidden="true">{number}</p></section>{notes}'
    )
