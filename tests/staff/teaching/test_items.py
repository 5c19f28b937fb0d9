"""Items of the bank: what each key says is what the checks say."""

import csv
import io
import json
import re

import nbformat
import pytest

from helpers import checks
from staff.ci import effort
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.draw import Draw
from staff.teaching import items as made
from staff.teaching import material, sheets
from staff.teaching.bank import Bank, BankAnswer, without_comments
from staff.teaching.items import KINDS, NotProven
from staff.teaching.judging import SEEDS, judge
from staff.teaching.repair import Change, applied, changes

BANK = Bank(Course())
STEM = "03_l1_l2"
ALL = checks.available()
CHOSEN = ALL if effort.everything() else [STEM]
NUMBER = 3 if effort.everything() else 1


@pytest.fixture(scope="module")
def some():
    """Kind → items of one notebook."""
    return material.material(Course(), STEM, "tests", 1, tuple(KINDS))


# --- each item, by the checks -----------------------------------------------------


def prove_hunt(item):
    said = {judge(item.exercise, item.codes[0], seed=seed).mistake for seed in SEEDS}
    assert [item.exercise.mistakes[mistake] for mistake in said] == [*item.why]
    assert judge(item.exercise, item.mended, seed=5).right
    old, new = item.codes[0].split("\n"), item.mended.split("\n")
    assert 1 <= sum(change.size for change in changes(old, new)) <= 3
    assert {change.first for change in changes(old, new)} & {*item.key}


def prove_which(item):
    (right,) = item.key
    for seed in SEEDS:
        mistake = judge(item.exercise, item.codes[0], seed=seed).mistake
        assert item.exercise.mistakes[mistake] == item.choices[right]
    assert len({*item.choices}) == len(item.choices) >= 3


def prove_parsons(item):
    right = [item.codes[place] for place in item.key]
    assert judge(item.exercise, "\n".join(right), seed=5).right
    left = [code for code in item.codes if code not in right]
    assert left  # distractors
    for line in left:
        for place, other in enumerate(right):
            if made._indent(other) == made._indent(line):
                text = "\n".join([*right[:place], line, *right[place + 1 :]])
                assert not judge(item.exercise, text).right
    for place in range(len(right)):
        text = "\n".join([*right[:place], *right[place + 1 :]])
        assert not judge(item.exercise, text).right  # every line is needed


def prove_verdicts(item):
    right = [judge(item.exercise, code, seed=5).right for code in item.codes]
    assert [place for place, is_right in enumerate(right) if is_right] == [*item.key]
    assert item.key


def prove_marking(item):
    assert judge(item.exercise, item.codes[0], seed=5).right == bool(item.key)


@pytest.mark.slow
@pytest.mark.parametrize("stem", CHOSEN)
@pytest.mark.parametrize("kind", KINDS)
def test_every_item_is_proven(stem, kind):
    found = material.material(Course(), stem, "proof", NUMBER, (kind,))[kind]
    # Where each answer is long, or has a line to spare, there is no Parsons problem.
    assert found or (
        kind == "parsons" and stem not in ("02_dropout_from_scratch", STEM)
    )
    for item in found:
        globals()[f"prove_{kind}"](item)


def test_a_bank_that_the_checks_contradict_is_told():
    (exercise,) = [e for e in BANK.exercises(STEM) if e.name == "soft_threshold"]
    wrong = exercise.wrong[0]
    for lie in (
        BankAnswer(wrong.name, "", True, wrong.text),
        BankAnswer("wrong_other", "no-such", False, wrong.text),
        BankAnswer(exercise.right[0].name, wrong.mistake, False, exercise.model),
    ):
        with pytest.raises(NotProven, match="the bank says"):
            made._said(exercise, lie)


# --- making them ------------------------------------------------------------------


def test_a_loop_without_end_is_no_right_answer(monkeypatch):
    monkeypatch.setattr("staff.teaching.judging._SECONDS", 0.2)
    (exercise,) = [e for e in BANK.exercises(STEM) if e.name == "soft_threshold"]
    endless = "def soft_threshold(w, threshold):\n    while True:\n        pass"
    assert not judge(exercise, endless).right
    assert not judge(exercise, "while True:\n    pass").right


def test_one_word_makes_the_same_again_and_another_makes_others():
    exercise = BANK.exercises(STEM)[0]
    first, again, other = (
        [item.name for item in made.make("which", exercise, Draw(word), 3)]
        for word in (b"a", b"a", b"b")
    )
    assert first == again != other


def test_each_mistake_comes_once_before_any_comes_again():
    exercise = max(BANK.exercises(STEM), key=lambda each: len(each.wrong))
    drawn = [answer.mistake for answer in made._named(exercise, Draw(b"a"))]
    number = len({*drawn})
    assert len({*drawn[:number]}) == number < len(drawn)


def test_comments_are_left_out_and_nothing_else():
    text = 'def f(x):  # why\n    # a line\n    return "#" + x\n'
    assert without_comments(text) == 'def f(x):\n    return "#" + x\n'


def test_tasks_tell_no_hints():
    for exercise in BANK.exercises(STEM):
        assert exercise.task.startswith("**")
        assert "Hint" not in exercise.task
        assert "details" not in exercise.task
        assert "Exercise" not in exercise.task


def test_changes_lead_from_one_text_to_the_other():
    old, new = ["a", "b", "c", "d"], ["a", "x", "y", "c"]
    some = tuple(changes(old, new))
    assert some == (Change(1, 2, ("x", "y")), Change(3, 4, ()))
    assert applied(old, some).split("\n") == new


def test_a_notebook_without_answers(tmp_path):
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "70_none.py").touch()
    with pytest.raises(CourseError, match="tests/answers/70_none"):
        Bank(Course(tmp_path)).exercises("70_none")


# --- written down -----------------------------------------------------------------


def test_sheets_hold_the_question_and_keys_the_answer(some):
    files = material.written(Course(), STEM, some, "tests")
    for kind, items in some.items():
        sheet, key = files[f"{kind}.md"], files[f"{kind}_key.md"]
        for item in items:
            assert item.exercise.task in sheet
            assert item.sources[0] in key
            assert item.sources[0] not in sheet
            assert not item.mended or item.mended in key
    assert "Answer" not in files["exam.md"]
    points = [int(n) for n in re.findall(r"\((\d) points\)", files["exam.md"])]
    assert f"{len(points)} questions, {sum(points)} points" in files["exam.md"]
    kinds = {item["kind"] for item in json.loads(files["items.json"])}
    assert kinds == {*KINDS}


def test_gift_is_what_moodle_reads(some):
    text = sheets.gift([*some["which"], *some["verdicts"]])
    questions = text.strip().split("\n\n")
    assert len(questions) == len(some["which"]) + len(some["verdicts"])
    for question in questions:
        assert question.startswith("::")
        free = re.sub(r"\\[~=#{}:\\n]", "", question)  # what is not escaped
        assert free.count("{") == free.count("}") == 1
        body = free[free.index("{") :]
        weights = [float(w) for w in re.findall(r"~%([-.\d]+)%", body)]
        if weights:
            assert sum(w for w in weights if w > 0) == pytest.approx(100, abs=0.01)
        else:
            assert len(re.findall(r"^  =", body, re.M)) == 1


def test_the_notebook_of_hunts_runs_to_its_first_check(some):
    bundle = Bundle.load(Course(), STEM)
    notebook = nbformat.reads(sheets.notebook(bundle, some["hunt"]), as_version=4)
    nbformat.validate(notebook)
    names = {}
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for source in code[:3]:
        exec(source, names)
    with pytest.raises(checks.CheckFailed) as failed:
        exec(code[3], names)
    assert failed.value.advice in some["hunt"][0].why
    exec(some["hunt"][0].mended, names)
    exec(code[3], names)


def test_assistants_get_a_table_to_fill_in(some):
    empty, full = (
        list(csv.DictReader(io.StringIO(text)))
        for text in sheets.marking_sheets(some["marking"])
    )
    assert len(empty) == len(full) == len(some["marking"])
    assert {row["right or wrong"] for row in empty} == {""}
    for row, item in zip(full, some["marking"], strict=True):
        assert row["right or wrong"] == ("right" if item.key else "wrong")
        assert (row["mistake"] == "") == bool(item.key)


def test_the_command(tmp_path, capsys):
    arguments = ["03", "--kind", "which", "--number", "1", "--out", str(tmp_path)]
    assert material.main(arguments) == 0
    assert "which" in capsys.readouterr().out
    there = {path.name for path in (tmp_path / STEM).iterdir()}
    assert there == {"items.json", "which.md", "which_key.md", "exam.md",
                     "exam_key.md", "questions.gift"}  # fmt: skip
    with pytest.raises(SystemExit):
        material.main(["03", "--number", "0"])
