"""Make names.json: names of countries and languages, written in eight languages.

Usage: python data/make_names.py [--output data/names.json]

The names come from the Unicode Common Locale Data Repository (CLDR) as the package
Babel ships it (made with Babel 2.18.0). Kept are names of at most 12 characters once
accents are taken off, made of the letters a-z and spaces, whose spelling belongs to one
of the eight languages only. The same version of Babel gives the same bytes.
"""

import argparse
import json
import unicodedata
from collections import Counter
from pathlib import Path

from babel import Locale

LANGUAGES = {
    "de": "German",
    "fi": "Finnish",
    "hu": "Hungarian",
    "it": "Italian",
    "pl": "Polish",
    "pt": "Portuguese",
    "sv": "Swedish",
    "tr": "Turkish",
}
LETTERS = set("abcdefghijklmnopqrstuvwxyz ")
LONGEST = 12
SINGLE = str.maketrans({"ß": "ss", "ł": "l", "ø": "o", "ı": "i", "æ": "ae", "đ": "d"})


def plain(name: str) -> str:
    """Return the name in small letters without accents."""
    parts = unicodedata.normalize("NFKD", name.lower().translate(SINGLE))
    return "".join(c for c in parts if not unicodedata.combining(c)).translate(SINGLE)


def all_names(kind: str) -> dict[str, list[str]]:
    """Return code → the names in all eight languages, for "territories" etc."""
    tables = [getattr(Locale(code), kind) for code in LANGUAGES]
    codes = sorted(set.intersection(*(set(table) for table in tables)))
    return {code: [plain(table[code]) for table in tables] for code in codes}


def make() -> dict[str, object]:
    """Return the file's content."""
    things = [*all_names("territories").items(), *all_names("languages").items()]
    told = Counter(name for _, names in things for name in set(names))
    kept = []
    for _, names in things:
        row = [
            n if _fits(n) and told[n] == 1 and names.count(n) == 1 else ""
            for n in names
        ]
        if any(row):
            kept.append(row)
    return {"languages": [*LANGUAGES.values()], "things": kept}


def _fits(name: str) -> bool:
    return 0 < len(name) <= LONGEST and set(name) <= LETTERS


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default=Path(__file__).parent / "names.json")
    text = json.dumps(make(), separators=(",", ":")).replace("],[", "],\n[")
    Path(parser.parse_args().output).write_text(text + "\n", "utf-8")
