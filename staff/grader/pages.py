"""What the pages of the grader share: one look, and no way in for what others wrote.

Every text goes through `clean`, every template escapes, and the pages forbid the
browser all but their own style: no script, no image, no address is ever loaded.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
import unicodedata

from jinja2 import Environment, StrictUndefined, Template

__all__ = ["clean", "cut", "page_template"]

_ANSI = re.compile(r"\x1b(?:\[[0-?]*+[ -/]*+[@-~]|\][^\x07\x1b]*+(?:\x07|\x1b\\)?|.)")
STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #555; --paper: #fff;
  --card: #f5f6f8; --line: #d5d8de; --good: #106b3c; --bad: #a3251b; --wait: #7a4b00;
  --bar-good: #2f8f5b; --bar-bad: #c9503f; --bar-none: #b8bdc6; --link: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --soft: #b4b8bf;
  --paper: #15171a; --card: #1f2226; --line: #3a3f46; --good: #6fd39c; --bad: #ff9c8f;
  --wait: #f0bd6b; --bar-good: #3fa56c; --bar-bad: #d8604f; --bar-none: #59606b;
  --link: #8ec1ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0 0 .25rem; }
section { margin: 1rem 0; padding: 1rem; background: var(--card);
  border: 1px solid var(--line); border-radius: .5rem; }
h3 { font-size: 1rem; margin: .8rem 0 0; }
ul { margin: .3rem 0; padding-left: 1.5rem; }
p { margin: .4rem 0; max-width: 45rem; }
pre { margin: .5rem 0; padding: .75rem; overflow-x: auto; background: var(--paper);
  border: 1px solid var(--line); border-radius: .35rem; font: .875rem/1.45
  ui-monospace, "DejaVu Sans Mono", Consolas, monospace; white-space: pre-wrap; }
blockquote { margin: .6rem 0; padding: .1rem 0 .1rem .8rem;
  border-left: 4px solid var(--link); }
.said { white-space: pre-line; } .short { white-space: nowrap; }
summary { cursor: pointer; color: var(--link); padding: .25rem 0; }
.soft { color: var(--soft); } .total { font-size: 1.25rem; font-weight: 600; }
.good { color: var(--good); } .bad { color: var(--bad); } .wait { color: var(--wait); }
.verdict { font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0;
  border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td.wide { overflow-wrap: anywhere; min-width: 12rem; }
th.number, td.number { text-align: right; white-space: nowrap; }
svg { display: block; width: 7rem; height: .8rem; }
.bar-good { fill: var(--bar-good); } .bar-bad { fill: var(--bar-bad); }
.bar-none { fill: var(--bar-none); }
li { margin: .3rem 0; }
"""

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{{{{ title }}}}</title>
<style>{style}</style>
</head>
<body>
"""


def page_template(body: str, more: str = "") -> Template:
    """Return the template of a whole page; it needs `title` and what `body` needs.

    Args:
        body: of the page.
        more: style of its own, after what all pages share.
    """
    style = STYLE + more
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'"
    )
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    head = _HEAD.format(policy=policy, style=style)
    return environment.from_string(f"{head}{body}</body>\n</html>\n")


class _Signs(dict[int, str]):
    """What becomes of each sign: what is not seen may turn, or hide, what is."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        unseen = unicodedata.category(sign) in ("Cc", "Cf", "Zl", "Zp")
        kept = sign in _KEPT or not (unseen or sign in "\ufffe\uffff")
        return self.setdefault(code, sign if kept else "\N{REPLACEMENT CHARACTER}")


_KEPT = "\n\t\u200c\u200d"  # the last two join letters, or keep them apart
_SIGNS = _Signs()


def clean(text: object) -> str:
    """Return a text without colours, control signs, and what turns its direction."""
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n")
    plain = _ANSI.sub("", plain).translate(_SIGNS)
    return plain.encode("utf-8", "replace").decode()


def cut(text: str, limit: int) -> str:
    """Return a text whose bytes on a page are at most `limit`, saying if it was cut."""
    kept, size = text[:limit], _size(text[:limit])
    while size > limit:
        kept = kept[: len(kept) * limit // size - 1]
        size = _size(kept)
    return text if kept == text else f"{kept}\n… cut off here"


def _size(text: str) -> int:
    return len(html.escape(text).encode())
