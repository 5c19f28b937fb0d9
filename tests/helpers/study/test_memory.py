"""Answers, cards, bookmarks, whys, certificates: what is kept, what stays shut."""

import json
from datetime import date

import pytest

from helpers.study import _panel as panel
from helpers.study import (
    after,
    answers,
    bookmarks,
    cards,
    certificates,
    challenge,
    quick_checks,
    quizzes,
    warm_up,
    whys,
)
from helpers.study.titles import catalogue

STEM = "02_dropout_from_scratch"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A learner's folder of notebooks, where everything is recorded."""
    for variable in ("CI", "NBGRADER_EXECUTION", "COURSE_PROGRESS"):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "00_start_here").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shown(monkeypatch):
    """Panels as they are displayed: (kind, spec, before), and what hears clicks."""
    found = []

    def show(kind, spec, *, text, plain, keep=None, before=""):
        found.append((kind, spec, before, keep))

    monkeypatch.setattr(panel, "show", show)
    monkeypatch.setattr(panel, "in_kernel", lambda: True)
    return found


def saved(root):
    return json.loads((root / ".progress.json").read_text())


def test_every_exercise_has_a_why():
    for stem, exercises in catalogue().items():
        entries = whys.load_whys(stem)
        assert list(entries) == list(exercises)
        for entry in entries.values():
            assert entry["question"].endswith("?")
            assert min(len(entry["answer"]), len(entry["solution"])) > 60


def test_a_quick_check_is_kept_and_its_first_pick_counts(root, shown):
    assert len(quick_checks.load_quick_checks()) == 5
    quick_checks.quick_check("overfitting")
    kind, spec, _, keep = shown[0]
    (item,) = spec["items"]
    right = [a["correct"] for a in item["answers"]].index(True)
    keep({"picks": {item["id"]: [0 if right else 1]}})
    keep({"picks": {item["id"]: [right]}})  # another session: the first pick stays
    assert answers.picks()[item["id"]] == [0 if right else 1, right]
    assert answers.count("quick/") == answers.Count(1, 0)
    quick_checks.quick_check("overfitting")  # a reload shows what was picked
    assert shown[1][1]["items"][0]["picks"] == answers.picks()[item["id"]]


def test_what_is_no_answer_is_not_kept(root, shown):
    quizzes.quiz(STEM)
    item = shown[0][1]["items"][0]
    shown[0][3]({"picks": {item["id"]: [99, "x", -1], "other": [0]}})
    assert answers.count("quiz/") == answers.Count(0, 0)


def test_cards_rest_longer_each_time_and_start_anew_when_forgotten(root, monkeypatch):
    day = date(2026, 1, 1)

    class Day(date):
        @classmethod
        def today(cls):
            return day

    monkeypatch.setattr(cards, "date", Day)
    rests = []
    for known in (True, True, True, False, True):
        cards.turned("a", known)
        due = date.fromisoformat(saved(root)["cards"]["a"]["due"])
        rests.append((due - day).days)
        assert cards.choose(["a", "b"], 2, seed="") == ["b", "a"]  # "a" rests
        day = due
        assert cards.choose(["a", "b"], 2, seed="")[0] == "a"  # and is due
    assert rests == [1, 3, 7, 1, 1]


def test_warm_up_has_five_earlier_cards_and_an_exercise_once_passed(root, shown):
    warm_up.warm_up("03_l1_l2")
    assert [len(spec["items"]) for kind, spec, *_ in shown] == [5]
    ids = {item["id"].split("/")[0] for item in shown[0][1]["items"]}
    assert ids <= {"00_start_here", "01_bias_variance", STEM}
    (root / ".progress.json").write_text(
        json.dumps({"passed": {STEM: {"inverted_dropout": "2026-01-01"}}})
    )
    warm_up.warm_up("03_l1_l2")
    assert "raise NotImplementedError" in shown[2][1]["html"]
    with pytest.raises(ValueError, match="after the first"):
        warm_up.warm_up("00_start_here")


def test_short_exercises_exist():
    names = {name for exercises in catalogue().values() for name in exercises}
    assert set(warm_up.SHORT) <= names


def test_bookmarks_are_listed_with_links(root, shown):
    bookmarks.offer(STEM, "Dropout")
    shown[0][3]({"marked": True})
    bookmarks.mark("3.3")
    assert bookmarks.table() == [(STEM, "Dropout"), ("03_l1_l2", "soft_threshold")]
    assert f'href="../{STEM}/{STEM}.ipynb"' in bookmarks.table()._repr_html_()
    bookmarks.unmark("soft_threshold")
    assert "2.3" in repr(bookmarks.table())
    assert "3.3" not in repr(bookmarks.table())


def test_only_a_better_time_is_kept(root, shown):
    challenge.challenge()
    keep = shown[0][3]
    keep({"rounds": [{"seconds": 50.0, "wrong": 1}]})
    keep({"rounds": [{"seconds": 50.0, "wrong": 1}, {"seconds": 70.0, "wrong": 0}]})
    assert challenge.best() == 50.0
    assert len(shown[0][1]["pool"]) >= challenge.COUNT


def test_after_a_pass_comes_a_why_and_the_solution(root, shown, monkeypatch):
    monkeypatch.setenv("COURSE_SOLUTIONS", "on")
    after.passed(STEM, "inverted_dropout")
    (_, _, before, _) = shown[0]
    assert "Why?" in before
    assert "torch.rand(x.shape" in before
    assert "BEGIN SOLUTION" not in before


def test_the_solution_opens_after_five_tries(root, shown, monkeypatch):
    monkeypatch.setenv("COURSE_SOLUTIONS", "on")
    for number in range(1, 6):
        after._offer(STEM, "inverted_dropout", after._counted(STEM, "inverted_dropout"))
        assert ("torch.rand(x.shape" in shown[-1][2]) == (number == 5)
    assert after.tries(STEM, "inverted_dropout") == 5


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "CI"])
def test_nothing_is_shown_while_grading(root, shown, monkeypatch, variable):
    monkeypatch.setenv("COURSE_SOLUTIONS", "on")
    monkeypatch.setenv(variable, "1")
    after.passed(STEM, "inverted_dropout")
    assert not shown
    assert whys.solution(STEM, "inverted_dropout") is None


def test_solutions_stay_shut_in_a_graded_class(root, tmp_path, monkeypatch):
    import jupyter_core.paths

    monkeypatch.delenv("COURSE_SOLUTIONS", raising=False)
    monkeypatch.setattr(jupyter_core.paths, "jupyter_config_path", lambda: [tmp_path])
    monkeypatch.setattr(whys, "_home", lambda: tmp_path)
    assert whys.closed() is None
    (tmp_path / "nbgrader_config.py").touch()
    assert "graded class" in whys.closed()
    (tmp_path / "nbgrader_config.py").unlink()
    (tmp_path / "grading").mkdir()
    (tmp_path / "grading/gradebook.db").touch()
    assert "gradebook" in whys.closed()


def test_a_signed_certificate_is_genuine_until_something_changes():
    part = certificates.Part("02", {"a": "2.1", "b": "2.2"}, {"a": "2026-01-01"})
    key = bytes(range(32))
    page = certificates.signed("Ada <b>", [part], key=key, issued="2026-02-01")
    assert certificates.version() in page
    assert certificates.is_genuine(page, key=key)
    assert not certificates.is_genuine(page, key=key[::-1])
    assert not certificates.is_genuine(page.replace("1 of 2", "2 of 2"), key=key)
    assert not certificates.is_genuine(
        page.replace("2026-01-01", "2025-01-01"), key=key
    )
    own = certificates.self_made("Ada", [part])
    assert "Self-made" in own
    assert not certificates.is_genuine(own, key=key)
    with pytest.raises(ValueError, match="expected a certificate"):
        certificates.content("<html></html>")
