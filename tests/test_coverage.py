"""The places that ``docs/coverage.md`` names are headings of the notebooks."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROWS = re.findall(
    r"^\| (.+?) \| (\d\d) \| (.+) \|$",
    (ROOT / "docs" / "coverage.md").read_text("utf-8"),
    re.M,
)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*/*.ipynb"))


def headings(path: Path) -> set[str]:
    """The text of every Markdown heading in a built notebook."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    text = "\n".join(
        "".join(c["source"]) for c in cells if c["cell_type"] == "markdown"
    )
    return set(re.findall(r"^#+ (.+?)\s*$", text, re.M))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_is_named_and_has_the_sections(path):
    named = {section for _, number, section in ROWS if path.stem[:2] == number}
    assert named, f"docs/coverage.md names no section of {path.stem}"
    missing = named - headings(path)
    assert not missing, f"not a heading of {path.stem}: {sorted(missing)}"


def test_every_row_of_a_table_is_read():
    lines = (ROOT / "docs" / "coverage.md").read_text("utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    assert len(rows) - rows.count("| Topic | Notebook | Section |") == len(ROWS)
    numbers = {path.stem[:2] for path in NOTEBOOKS}
    assert {number for _, number, _ in ROWS} <= numbers
