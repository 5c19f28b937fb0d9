"""Answers, cards, bookmarks, whys, certificates: what is kept, what stays shut."""

import importlib.metadata
import json
from datetime import date
from types import SimpleNamespace

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


def test_what_was_known_is_kept_once_for_each_card(root, shown):
    two = [cards.Known(STEM, "front", "back"), cards.Known(STEM, "other", "back")]
    cards.show_cards(two)
    _, spec, _, keep = shown[0]
    first, second = (item["id"] for item in spec["items"])
    keep({"turns": {first: True, second: "yes", "unknown": True}})
    keep({"turns": {first: False}})  # what a card was first turned to stays
    keep({"turns": None})
    assert {id: entry["box"] for id, entry in saved(root)["cards"].items()} == {
        first: 1
    }


def test_a_card_known_twice_on_one_day_moves_once(root):
    cards.turned("a", True)
    cards.turned("a", True)
    assert saved(root)["cards"]["a"]["box"] == 1


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


def test_what_is_no_time_is_not_kept(root, shown):
    challenge.challenge()
    keep = shown[0][3]
    keep({"rounds": ["x", {"seconds": "5"}, {"seconds": -1.0}]})
    keep({"rounds": None})
    assert challenge.best() is None
    keep({"rounds": [None, None, None, {"seconds": 42.0, "wrong": 0}]})
    challenge.challenge()
    assert shown[1][1]["best"] == 42.0


def test_picks_that_are_none_are_left_out(root):
    (root / ".progress.json").write_text(
        json.dumps({"answers": {"x": {"picks": "no"}, "y": {"picks": [1, "2"]}}})
    )
    assert answers.picks() == {"y": [1]}


def test_an_unknown_quick_check_is_named_with_those_there_are(root):
    with pytest.raises(ValueError, match="expected one of .*overfitting"):
        quick_checks.quick_check("none")


def test_a_mark_that_is_none_changes_nothing(root, shown):
    bookmarks.offer(STEM, "Dropout")
    shown[0][3]({"marked": "yes"})
    assert bookmarks.table() == []


class Shell:
    """As much of IPython's shell as `after` needs: events at the end of a cell."""

    def __init__(self):
        self.waiting = []
        self.events = self

    def register(self, name, call):
        assert name == "post_run_cell"
        self.waiting.append(call)

    def unregister(self, name, call):
        self.waiting.remove(call)

    def end_of_cell(self, error):
        for call in [*self.waiting]:
            call(SimpleNamespace(error_in_exec=error))


@pytest.fixture
def shell(monkeypatch):
    found = Shell()
    monkeypatch.setattr(after, "get_ipython", lambda: found)
    return found


def test_a_failure_that_ends_the_cell_is_a_try(root, shown, shell):
    error = ValueError()
    after.failed(STEM, "Dropout", error, attempted=True)
    assert not shown  # not before the error is shown
    shell.end_of_cell(error)
    assert [kind for kind, *_ in shown] == ["mark"]
    assert after.tries(STEM, "Dropout") == 1
    shell.end_of_cell(error)  # nobody listens any more
    assert after.tries(STEM, "Dropout") == 1


def test_a_failure_that_somebody_caught_is_no_try(root, shown, shell):
    after.failed(STEM, "Dropout", ValueError(), attempted=True)
    shell.end_of_cell(None)
    after.failed(STEM, "Dropout", ValueError(), attempted=True)
    shell.end_of_cell(KeyError())
    assert not shown
    assert after.tries(STEM, "Dropout") == 0


def test_an_untouched_stub_offers_a_bookmark_and_is_no_try(root, shown, shell):
    after.failed(STEM, "Dropout", ValueError(), attempted=False)
    shell.end_of_cell(None)
    assert [kind for kind, *_ in shown] == ["mark"]
    assert after.tries(STEM, "Dropout") == 0


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "CI"])
def test_nobody_counts_tries_while_grading(root, shown, shell, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    after.failed(STEM, "Dropout", ValueError(), attempted=True)
    assert not shell.waiting


def test_after_a_pass_comes_a_why_and_the_solution(root, shown, monkeypatch):
    monkeypatch.setenv("COURSE_SOLUTIONS", "on")
    after.passed(STEM, "inverted_dropout")
    (_, _, before, _) = shown[0]
    assert "Why?" in before
    assert "torch.rand(x.shape" in before
    assert "BEGIN SOLUTION" not in before


def test_a_notebook_without_whys_shows_none(root, shown):
    after.passed("90_of_my_own", "anything")
    assert whys.load_whys("90_of_my_own") == {}
    assert shown == []


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


def test_a_switch_settles_whether_solutions_open(root, monkeypatch):
    monkeypatch.setenv("COURSE_SOLUTIONS", "off")
    assert whys.closed() == "COURSE_SOLUTIONS is off"
    assert whys.solution(STEM, "inverted_dropout") is None


@pytest.mark.parametrize(
    "content", [None, "{", "{}", '{"cells": [{"metadata": {}, "source": []}]}']
)
def test_no_instructors_notebook_no_solution(root, tmp_path, monkeypatch, content):
    monkeypatch.setenv("COURSE_SOLUTIONS", "on")
    monkeypatch.setattr(whys, "_home", lambda: tmp_path)
    if content is not None:
        path = tmp_path / "solutions" / STEM / f"{STEM}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(content)
    assert whys.solution(STEM, "inverted_dropout") is None


def test_an_installed_course_knows_its_version(tmp_path, monkeypatch):
    asked = []

    def version(name):
        asked.append(name)
        if len(asked) > 1:
            raise importlib.metadata.PackageNotFoundError
        return "1.2.3"

    monkeypatch.setattr(certificates, "__file__", str(tmp_path / "a/b/c.py"))
    monkeypatch.setattr("importlib.metadata.version", version)
    assert certificates.version() == "1.2.3"
    assert certificates.version() == "unknown"
    assert asked == ["regularization-course"] * 2


def test_a_short_key_signs_nothing():
    part = certificates.Part("02", {"a": "2.1"}, {})
    with pytest.raises(ValueError, match="expected 32 bytes or more, got 3"):
        certificates.signed("Ada", [part], key=b"abc", issued="2026-02-01")


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
