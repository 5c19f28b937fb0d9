"""Find the files that come with the course, and verify them before use."""

import hashlib
import importlib.util
import json
from pathlib import Path

from helpers.words import say

__all__ = ["data_folder", "verified"]

PACKAGE = "course_data"


def data_folder() -> Path:
    """Return the folder of the shipped data.

    It lies beside the `helpers` package, or is installed as the package `course_data`.

    Raises:
        FileNotFoundError: neither is there.
    """
    beside = Path(__file__).resolve().parents[2] / "data"
    if (beside / "checksums.json").is_file():
        return beside
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec and spec.submodule_search_locations) or ():
        if (Path(place) / "checksums.json").is_file():
            return Path(place)
    raise FileNotFoundError(
        say(
            "Expected the course's data in {beside} or in the package {package}. Get "
            "the whole repository again, or run: pip install --force-reinstall from "
            "its folder.",
            beside=beside,
            package=PACKAGE,
        )
    )


def verified(name: str) -> bytes:
    """Return the bytes of a shipped file once its checksum has been compared."""
    folder = data_folder()
    path = folder / name
    mend = say(
        "Restore it (git checkout -- data/{name}), or see {folder}.",
        name=name,
        folder=folder / "README.md",
    )
    if not path.is_file():
        raise FileNotFoundError(
            say(
                "Expected the data file {path}; it is missing. {mend}",
                path=path,
                mend=mend,
            )
        )
    content = path.read_bytes()
    expected = json.loads((folder / "checksums.json").read_text())[name]
    got = hashlib.sha256(content).hexdigest()
    if got != expected:
        raise FileNotFoundError(
            say(
                "The data file {path} is damaged: expected sha256 {expected}…, got "
                "{got}… ({n_content:,} bytes). {mend}",
                path=path,
                expected=expected[:12],
                got=got[:12],
                n_content=len(content),
                mend=mend,
            )
        )
    return content
