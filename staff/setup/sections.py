"""The sections of ``requirements.lock``: what is installed for whom.

Each begins with a line ``# == NAME``; each package stands in the first section that
needs it. "setup" is what installs the rest, "torch" is torch with what it brings along,
"lab" is what learners need, "staff", "site" and "test" what their commands need on top.

Standard library only: set-up reads the lock before anything is installed.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from staff.setup.steps import SetupError

__all__ = ["NAMES", "SETS", "fingerprints", "pins", "read", "write"]

SETS = ("lab", "staff", "site", "test")  # each needs those before it
NAMES = ("setup", "torch", *SETS)
_HEAD = re.compile(r"# == (\w+)\n")
_PIN = re.compile(r"^([a-z0-9][a-z0-9.-]*)==([^ \\\n]+)", re.MULTILINE)
_ABOUT = """\
# Made by `make lock` from pyproject.toml: every version with the hashes of its files.
# Set-up installs section by section; pip can install all of it:
# pip install --no-deps --require-hashes -r requirements.lock
"""


def read(root: Path) -> dict[str, str]:
    """Return the text of each section, by name.

    Raises:
        SetupError: there is no lock, or not the sections that belong in it.
    """
    try:
        text = (root / "requirements.lock").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SetupError(_incomplete("requirements.lock", root)) from error
    _, *parts = _HEAD.split(text)
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    if tuple(found) != NAMES:
        raise SetupError(
            f"requirements.lock: expected the sections {', '.join(NAMES)}, found "
            f"{', '.join(found) or 'none'}. Restore the file: "
            "git checkout -- requirements.lock"
        )
    return found


def write(path: Path, sections: Mapping[str, str]) -> None:
    """Write sections, in the order of `NAMES`."""
    parts = [f"\n# == {name}\n{sections[name]}" for name in NAMES]
    path.write_text(_ABOUT + "".join(parts), encoding="utf-8")


def pins(section: str) -> dict[str, str]:
    """Return name → version of the packages in a section."""
    return dict(_PIN.findall(section))


def fingerprints(root: Path) -> dict[str, str]:
    """Return what each set of packages depends on; equal means nothing to do."""
    found = read(root)
    try:
        project = (root / "pyproject.toml").read_bytes()
    except FileNotFoundError as error:
        raise SetupError(_incomplete("pyproject.toml", root)) from error
    first = "".join(found[name] for name in NAMES if name not in SETS[1:])
    texts = {name: found[name].encode() for name in SETS}
    texts[SETS[0]] = first.encode() + project  # the course itself comes with it
    return {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}


def _incomplete(name: str, root: Path) -> str:
    return f"{name} is missing in {root}; this copy is not whole. Clone again."
