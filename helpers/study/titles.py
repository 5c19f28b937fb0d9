"""Names of notebooks and exercises, in words and as links."""

import json
from functools import cache
from pathlib import Path

from helpers.data import data_folder
from helpers.words import say

__all__ = ["Catalogue", "catalogue", "find", "here", "link", "title", "topic"]

Catalogue = dict[str, dict[str, dict[str, str]]]

_SPELLED = {"l1": "L1", "l2": "L2", "adamw": "AdamW", "mc": "MC", "cutmix": "CutMix"}
_PAIRS = {"Bias variance", "L1 L2", "Mixup CutMix"}  # two things, not one


def title(stem: str) -> str:
    """Return a stem in words: "02 · Dropout from scratch"."""
    return f"{stem.split('_')[0]} · {say(topic(stem))}"


def topic(stem: str) -> str:
    """Return a stem's topic in English: "Dropout from scratch"."""
    _, first, *others = stem.split("_")
    words = [_SPELLED.get(word, word) for word in (first, *others)]
    words[0] = words[0][0].upper() + words[0][1:]
    joined = " ".join(words)
    return joined.replace(" ", " and ") if joined in _PAIRS else joined


def link(stem: str) -> str:
    """Return where a notebook lies, seen from another one's folder."""
    return f"../{stem}/{stem}.ipynb"


def here(stem: str) -> str:
    """Return where a notebook lies, seen from the working folder; "" if it does not."""
    return next((p for p in (link(stem), f"{stem}.ipynb") if Path(p).is_file()), "")


def catalogue() -> Catalogue:
    """Return stem → exercise → its number, title and stub, as the build lists them."""
    return _read(data_folder() / "exercises.json")


@cache
def _read(path: Path) -> Catalogue:
    listed: Catalogue = json.loads(path.read_text("utf-8"))
    return listed


def find(exercise: str) -> tuple[str, str]:
    """Return stem and name of an exercise.

    Args:
        exercise: its number ("2.2") or its name ("inverted_dropout").

    Raises:
        ValueError: there is none.
    """
    for stem, listed in catalogue().items():
        for name, card in listed.items():
            if exercise in (name, card["number"]):
                return stem, name
    raise ValueError(
        say(
            "expected the number or the name of an exercise, such as '2.2' or "
            "'inverted_dropout', got {exercise!r}.",
            exercise=exercise,
        )
    )
