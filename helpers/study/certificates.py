"""The certificate: a page to print, and what stands in it for programs to read.

Two kinds are made. The learner's own says that it is self-made: it copies a file on
the learner's computer, and nobody vouches for it. The instructor's is made from the
gradebook and signed with the instructor's key (HMAC-SHA256): whoever holds the key can
tell offline whether a page is genuine and unchanged, see `python -m staff verify`.
"""

import hashlib
import hmac
import html
import importlib.metadata
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.words import say

__all__ = ["Part", "content", "is_genuine", "self_made", "signed", "version"]

PACKAGE = "regularization-course"
_DATA = re.compile(r'<meta name="certificate" content="([^"]*)">')


@dataclass(frozen=True)
class Part:
    """One notebook on a certificate.

    Attributes:
        title: such as "02 · Dropout from scratch".
        exercises: all of them, name → number.
        passed: those that were passed, name → when (ISO date), "" if unknown.
    """

    title: str
    exercises: Mapping[str, str]
    passed: Mapping[str, str]


def self_made(name: str, parts: Sequence[Part]) -> str:
    """Return the learner's own page; it says that it is self-made.

    Args:
        name: as it should stand on the page.
        parts: what was passed.
    """
    data = _content(name, parts) | {"kind": "self-made"}
    words = say(
        "Self-made: recorded by the course's own checks on the learner's computer, and "
        "signed by nobody."
    )
    return _page(data, words)


def signed(name: str, parts: Sequence[Part], *, key: bytes, issued: str) -> str:
    """Return the instructor's page, signed.

    Args:
        name: as it should stand on the page.
        parts: what the gradebook says.
        key: the instructor's, 32 bytes or more; it is not in the page.
        issued: the day, in ISO form.

    Raises:
        ValueError: the key is too short.
    """
    data = _content(name, parts) | {"kind": "graded", "issued": issued}
    words = say(
        "Issued on {issued} from the instructor's gradebook. The instructor can verify "
        "it offline: python -m staff verify FILE.",
        issued=issued,
    )
    data["page"] = _digest(_page(data, words))
    data["signature"] = _signature(data, key)
    return _page(data, words)


def content(page: str) -> dict[str, Any]:
    """Return what a page says about itself.

    Raises:
        ValueError: it is no certificate of this course.
    """
    try:
        (found,) = _DATA.findall(page)
        data = json.loads(html.unescape(found))
    except ValueError:
        data = None
    if not isinstance(data, dict) or data.get("course") != PACKAGE:
        raise ValueError(
            say("expected a certificate of this course; its data are missing.")
        )
    return data


def is_genuine(page: str, *, key: bytes) -> bool:
    """Tell whether a page was signed with this key and is unchanged.

    What a person reads on it is signed together with the data for programs.

    Raises:
        ValueError: it is no certificate of this course, or the key is too short.
    """
    data = content(page)
    given = data.pop("signature", None)
    if data.get("kind") != "graded" or not isinstance(given, str):
        return False
    if not hmac.compare_digest(given.encode(), _signature(data, key).encode()):
        return False
    return hmac.compare_digest(str(data["page"]), _digest(page))


def version() -> str:
    """Return the course's version, from pyproject.toml or the installed package."""
    beside = Path(__file__).resolve().parents[2] / "pyproject.toml"
    if beside.is_file():
        return str(tomllib.loads(beside.read_text("utf-8"))["project"]["version"])
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


def _content(name: str, parts: Sequence[Part]) -> dict[str, Any]:
    listed = [
        {
            "title": part.title,
            "exercises": dict(part.exercises),
            "passed": {k: v[:10] for k, v in part.passed.items()},
        }
        for part in parts
    ]
    return {"course": PACKAGE, "version": version(), "name": name, "parts": listed}


def _signature(data: Mapping[str, Any], key: bytes) -> str:
    if len(key) < 32:
        raise ValueError(
            say("key: expected 32 bytes or more, got {n_key}.", n_key=len(key))
        )
    text = json.dumps(data, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _digest(page: str) -> str:
    """Return a fingerprint of all that stands on a page but its data."""
    return hashlib.sha256(_DATA.sub("", page).encode()).hexdigest()


def _page(data: Mapping[str, Any], words: str) -> str:
    parts = data["parts"]
    done = sum(len(part["passed"]) for part in parts)
    total = sum(len(part["exercises"]) for part in parts)
    last = max((when for p in parts for when in p["passed"].values()), default="")
    solved = (
        say("all {total}", total=total)
        if done == total
        else say("{done} of {total}", done=done, total=total)
    )
    return _PAGE.format(
        name=html.escape(data["name"]),
        title=say("Certificate: neural-network regularization"),
        heading=say("Certificate"),
        achieved=say(
            "has solved {solved} exercises of the hands-on course", solved=solved
        ),
        course=say("Neural-network regularization"),
        heads="".join(
            f"<th>{html.escape(each)}</th>"
            for each in (say("Notebook"), say("Passed"), say("Exercises"))
        ),
        rows="\n".join(map(_row, parts)),
        last=html.escape(
            say("Last exercise passed on {last}. ", last=last) if last else ""
        ),
        version=html.escape(say("version {version}", version=data["version"])),
        words=html.escape(words),
        data=html.escape(json.dumps(data, ensure_ascii=True)),
    )


def _row(part: Mapping[str, Any]) -> str:
    passed = [n for n in part["exercises"] if n in part["passed"]]
    names = ", ".join(f"{part['exercises'][n]} {n}" for n in passed) or say("none")
    count = say(
        "{n_passed} of {n_exercises}",
        n_passed=len(passed),
        n_exercises=len(part["exercises"]),
    )
    cells = (part["title"], count, names)
    return f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>"


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="certificate" content="{data}">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 1.5cm }}
body {{ font-family: Georgia, serif; text-align: center; max-width: 46em;
  margin: 2em auto; padding: 2em; border: 4px double #0072B2; color: #222;
  background: #fff }}
h1 {{ font-weight: normal; letter-spacing: .08em }}
.name {{ font-size: 2em; margin: .6em 0; overflow-wrap: anywhere }}
table {{ margin: 1.5em auto; border-collapse: collapse; text-align: left;
  font-size: .85em }}
td, th {{ padding: .25em .8em; border-bottom: 1px solid #ccc; vertical-align: top }}
td:nth-child(2) {{ white-space: nowrap }}
td:nth-child(3) {{ overflow-wrap: anywhere }}
</style>
</head>
<body>
<h1>{heading}</h1>
<p class="name">{name}</p>
<p>{achieved}<br>
<strong>{course}</strong>, {version}</p>
<table>
<tr>{heads}</tr>
{rows}
</table>
<p>{last}</p>
<p><small>{words}</small></p>
</body>
</html>
"""
