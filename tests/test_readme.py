"""The README says what is there."""

import re
from pathlib import Path

import pytest

from staff.authoring.masters import read_master

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
MASTERS = sorted((ROOT / "solutions").glob("[0-9][0-9]_*.py"))


@pytest.mark.parametrize("path", MASTERS, ids=lambda path: path.stem)
def test_table_of_notebooks(path):
    """Question, points and minutes in the table are the notebook's own."""
    cells = read_master(path).cells
    first = cells[0].source
    question = first.splitlines()[0].split(" · ", 1)[1]
    points = sum(cell.points for cell in cells if cell.role == "test")
    minutes = re.search(r"bout (\d+) minutes", first)[1]
    row = next(line for line in README.splitlines() if f"[`{path.stem}`]" in line)
    assert f"{path.stem}.ipynb) {question} |" in row
    assert row.endswith(f"| {points} | {minutes} |")


def test_no_row_without_a_notebook():
    named = re.findall(r"^\| \[`(\d\d_\w+)`\]", README, re.MULTILINE)
    assert named == [path.stem for path in MASTERS]


def test_make_targets_and_files_named_are_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"make ([a-z]+)\b", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    for page in pages:
        for name in re.findall(r"\]\(([^)h#][^)#]*)[^)]*\)", page.read_text("utf-8")):
            assert (page.parent / name).exists(), (page.name, name)


def test_example_of_a_message_is_a_real_one():
    """The message shown is what the check says to the answer in the bank."""
    from helpers.checks import CheckFailed, load

    source = ROOT / "tests/answers/02_dropout_from_scratch/inverted_dropout"
    names = {"torch": __import__("torch")}
    exec((source / "wrong_not_scaled.py").read_text(), names)
    with pytest.raises(CheckFailed) as caught:
        load("02_dropout_from_scratch").inverted_dropout(names["inverted_dropout"])
    for line in caught.value.lines():
        assert line in README


def test_example_code_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HEADLESS", "1")
    monkeypatch.chdir(tmp_path)  # an example writes a checkpoint
    text = (ROOT / "docs" / "helpers.md").read_text("utf-8")
    names = {}
    for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(code, names)
    assert len(names["many"]) == 16
    assert names["history"].val_accuracy[-1] > 0.2
    assert names["everything"].val_accuracy[-1] > 0.2
    assert len(names["everything"].val_loss) == 30, "the schedule was cut short"
    assert (tmp_path / "run.pt").exists()
