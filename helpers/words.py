"""What learners read, in their language.

English stands in the code, inside `say`; every other language is a file of its own,
`helpers/locale/LANGUAGE/LC_MESSAGES/course.mo`, which gettext reads. A sentence without
a translation stays English. How a file is made is said in docs/translate.md.

The language is chosen once, when this module is first imported: COURSE_LANGUAGE, or
else what the system is set to (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), where there is a
catalog for it. An nbgrader that grades heeds COURSE_LANGUAGE alone.

No decision may rest on a text that came out of `say`: compare ids, types and numbers.
"""

import json
import os
import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

__all__ = [
    *("DOMAIN", "FOLDER", "available", "gettext_reader", "language", "say"),
    *("script_texts", "script_words"),
]

VARIABLE = "COURSE_LANGUAGE"
DOMAIN = "course"
FOLDER = Path(__file__).with_name("locale")
_SYSTEM = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")  # as gettext looks them up
_ENGLISH = {"en", "c", "posix"}


def say(text: str, /, **values: object) -> str:
    """Return a text in the learner's language, with values put into its fields.

    Args:
        text: English, as a literal: it is what translators see. `{name:.3g}` is a field
            as in `str.format`; without values, braces are plain text.
        values: what the fields are.
    """
    found = _look_up(text)
    if not values:
        return found
    try:
        return found.format(**values)
    except (LookupError, ValueError, AttributeError):
        return text.format(**values)  # a faulty translation must not stop anybody


def script_texts(script: str) -> list[str]:
    """Return the texts of a page's script, in order: what stands in its `say("…")`.

    Args:
        script: JavaScript; a text is one literal, or several joined by +.
    """
    parts = (_LITERAL.findall(each[1]) for each in _SAID.finditer(script))
    return ["".join(map(json.loads, each)) for each in parts]


def script_words(script: str) -> dict[str, str]:
    """Return English → translation of a script's texts; {} in English."""
    if _look_up is str:
        return {}
    return {text: _look_up(text) for text in script_texts(script)}


_LITERAL = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_SAID = re.compile(
    rf"\bsay\(\s*({_LITERAL.pattern}(?:\s*\+\s*{_LITERAL.pattern})*)\s*[,)]"
)


def available() -> list[str]:
    """Return the languages there are, "en" first."""
    found = FOLDER.glob(f"*/LC_MESSAGES/{DOMAIN}.mo")
    return ["en", *sorted(path.parts[-3] for path in found)]


def language(environment: Mapping[str, str]) -> str:
    """Return the language that an environment asks for, one of `available()`.

    Warns of a COURSE_LANGUAGE for which there is no catalog.
    """
    asked = environment.get(VARIABLE, "").strip()
    if asked:
        found = _first(asked)
        if found is None:
            expected = f"expected one of {', '.join(available())}"
            warnings.warn(f"{VARIABLE}: {expected}, got {asked!r}.", stacklevel=2)
        return found or "en"
    if environment.get("NBGRADER_EXECUTION") == "autograde":
        return "en"
    system = next((environment[name] for name in _SYSTEM if environment.get(name)), "")
    return _first(system) or "en"


def _first(wishes: str) -> str | None:
    """Return the first of "de_AT.UTF-8:fr" that there is: de_AT, de or fr."""
    for wish in wishes.split(":"):
        exact = wish.partition("@")[0].partition(".")[0].replace("-", "_")
        if exact.partition("_")[0].lower() in _ENGLISH:
            return "en"
        there = available() if wish else []
        for name in (exact, exact.partition("_")[0]):
            if name in there:
                return name
    return None


def gettext_reader(folder: Path, name: str) -> Callable[[str], str]:
    """Return the function that looks a text up in a language's catalog.

    Args:
        folder: holds `NAME/LC_MESSAGES/course.mo`.
        name: of the language; for English there is nothing to look up.
    """
    if name == "en":
        return str
    import gettext

    return gettext.translation(DOMAIN, folder, [name]).gettext


_look_up = gettext_reader(FOLDER, language(os.environ))
