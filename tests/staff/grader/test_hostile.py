"""The bank of hostile submissions in one class, graded in one go.

Every case is a test of its own over that one run. All are taken with COURSE_TESTS=all,
or with =changed where grader, checks or lock have changed since; else one forgery in
seven and, of each other category, one case in twenty-one, but one at least; others each
day. The run is made once for each layer of the sandbox alone, so that neither leans on
the other; a sample is graded under the one layer today and under the other tomorrow. In
42 days each case has had its turn under both.
"""

import pytest

from staff.ci import effort
from tests.hostile import OTHERS, all_cases, some_cases
from tests.hostile.arena import (
    NEIGHBOURS,
    Arena,
    active_content,
    forms,
    listener,
)
from tests.hostile.case import TARGET
from tests.hostile.decided import DECIDED

CASES = some_cases()
HIDDEN_SEEDS = ("20121", "48271", "31337", "20151", "20131", "10241")
FLAGS = ("--workers", "2", "--seconds", "4")
MEGABYTE = 1_000_000
LAYERS = ["bubblewrap", "landlock"]
TAKEN = LAYERS if effort.whole("hostile") else [LAYERS[effort.today(2)]]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """A class of the neighbours alone, and how it was graded, without any attacker."""
    arena = Arena(tmp_path_factory.mktemp("quiet"))
    arena.hand_in_neighbours()
    alone = ("--workers", "1", "--seconds", "4", "--sandbox", TAKEN[0])
    return arena, arena.grade(*alone)


class Run:
    """The class graded under one layer, with all that is asked about it later."""

    def __init__(self, arena: Arena, layer: str) -> None:
        self.arena, self.layer = arena, layer
        arena.hand_in_neighbours()
        with listener(arena) as (names, self.heard):
            arena.hand_in(CASES, **names)
            self.students = {p.name for p in (arena.grading / "submitted").iterdir()}
            self.sources = self.read_course()
            self.graded = arena.grade(*FLAGS, "--sandbox", layer)
        self.temporary = arena.temporary_left()
        self.marks = arena.marks()
        self.scores = arena.scores()
        self.visible = arena.visible()

    def read_course(self) -> dict[str, bytes]:
        """Return everything in the course that grading may not change, and its mode."""
        root = self.arena.course
        folders = ("solutions", "notebooks", "helpers", "staff", "data")
        files = [p for f in folders for p in (root / f).rglob("*") if p.is_file()]
        return {
            str(p): p.read_bytes() + f" {p.stat().st_mode:o}".encode()
            for p in files
            if "__pycache__" not in p.parts
        }


@pytest.fixture(scope="module", params=TAKEN)
def run(request, quiet, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    return Run(Arena(folder, like=quiet[0]), request.param)


def test_every_case_has_its_turn_under_each_layer(monkeypatch):
    monkeypatch.setattr(effort, "whole", lambda proof: False)
    seen = set()
    for day in range(2 * OTHERS):
        monkeypatch.setattr(effort, "today", lambda turns, day=day: day % turns)
        seen |= {(case.name, effort.today(2)) for case in some_cases()}
    assert len(seen) == 2 * len(all_cases())


def test_names_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({case.folder for case in CASES} | set(NEIGHBOURS)) == len(CASES) + 4


def test_grading_ends_well(run):
    assert run.graded.status == 0, run.graded.said[-3000:]
    taken = {s for s in run.students if run.graded.verdict(s, TARGET) != "REFUSED"}
    assert set(run.graded.results) - {""} == taken  # "": names that are refused


def test_layer_is_the_one_asked_for(run):
    other = {"bubblewrap": "landlock", "landlock": "bubblewrap"}[run.layer]
    for student in NEIGHBOURS:
        layers = run.graded.results[student]["layers"]
        assert run.layer in layers
        assert other not in layers


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.category}-{c.name}")
def test_case(run, case):
    questions = run.arena.points()
    got = {q: run.graded.verdict(case.folder, q) for q in questions}
    wrong = {
        q: f"{verdict}, not {' or '.join(sorted(case.allowed(q)))}"
        for q, verdict in got.items()
        if verdict not in case.allowed(q)
    }
    results = run.graded.results.get(case.folder, {}).get("questions", {})
    told = {
        q: {k: results[q][k] for k in ("message", "evidence")}
        for q in wrong
        if q in results
    }
    assert wrong == {}, f"{case.about}; {told}"[:3000]
    assert got[TARGET] == DECIDED.get(case.name, got[TARGET])


def test_decided_is_about_cases_of_the_bank():
    cases = {case.name: case for case in all_cases()}
    assert [n for n, v in DECIDED.items() if v not in cases[n].allowed(TARGET)] == []


@pytest.mark.parametrize("student", NEIGHBOURS)
def test_neighbour_is_graded_as_without_attackers(run, quiet, student):
    def verdicts(graded):
        plain = graded.results[student]["questions"]
        return {
            q: {k: v for k, v in result.items() if k != "seconds"}
            for q, result in plain.items()
        }

    assert verdicts(run.graded) == verdicts(quiet[1])
    expected = {q: "PASS" for q in run.arena.points()} | {
        q: "FAIL" if file else "MISSING" for q, file in NEIGHBOURS[student].items()
    }
    got = {q: result["verdict"] for q, result in verdicts(run.graded).items()}
    assert got == expected


def test_nothing_is_left_running(run):
    assert run.graded.left == []


def test_nothing_is_left_on_disk(run):
    assert run.marks == []
    assert run.temporary == []


def test_nobody_was_reached(run):
    assert run.heard == []


def test_the_course_is_as_it_was(run):
    assert {k for k, v in run.read_course().items() if run.sources.get(k) != v} == set()


def own_feedback(path, student):
    return student in path.parts


@pytest.mark.parametrize("kind", ["environment", "home", "file", "hidden"])
def test_secret_reaches_no_student(run, kind):
    assert run.visible
    written = forms(run.arena.secrets[kind])
    leaks = {
        str(path)
        for path, text in run.visible.items()
        if any(form in text for form in written)
    }
    assert leaks == set()


def test_submission_reaches_no_other_student(run):
    written = forms(run.arena.secrets["submission"])
    leaks = {
        str(path)
        for path, text in run.visible.items()
        if any(form in text for form in written)
        and not any(own_feedback(path, student) for student in NEIGHBOURS)
    }
    assert leaks == set()


def test_numbers_of_hidden_tests_reach_no_student(run):
    written = [*HIDDEN_SEEDS, *(f"{n[:2]}_{n[2:]}" for n in HIDDEN_SEEDS)]
    leaks = {
        str(path): form
        for path, text in run.visible.items()
        for form in written
        if form in text
    }
    assert leaks == {}


def test_secrets_reach_no_message(run):
    said = [
        (student, q, result["message"])
        for student, record in run.graded.results.items()
        for q, result in record["questions"].items()
    ]
    written = [f for s in run.arena.secrets.values() for f in forms(s)]
    assert [row for row in said if any(f in row[2] for f in written)] == []


def test_feedback_holds_no_active_content(run):
    found = {
        str(path): pieces
        for path, text in run.visible.items()
        if (pieces := active_content(text, run.arena.run))
    }
    assert found == {}


def test_pages_stay_small(run):
    """Whatever was printed or handed in, pages can be opened in a browser."""
    files = [
        p
        for kind in ("feedback", "autograded")
        for p in run.arena.grading.glob(f"{kind}/**/*")
    ]
    heavy = {
        str(p): p.stat().st_size
        for p in files
        if p.is_file() and p.stat().st_size > 20 * MEGABYTE
    }
    assert heavy == {}


def test_gradebook_holds_the_verdicts(run):
    points = run.arena.points()
    expected = {}
    for student in run.graded.results:
        if student in run.scores:
            expected[student] = {
                q: p if run.graded.verdict(student, q) == "PASS" else 0
                for q, p in points.items()
            }
    assert run.scores == expected
    assert set(NEIGHBOURS) <= set(run.scores)
    missing = run.students - set(run.scores)
    results = run.graded.results
    graded = {s for s in missing if s in results and not results[s]["invalid"]}
    assert graded == set()


def test_gradebook_holds_nothing_else(run):
    import sqlite3

    file = run.arena.grading / "gradebook.db"
    with sqlite3.connect(file) as db:
        tables = {row[0] for row in db.execute("select name from sqlite_master")}
        students = {row[0] for row in db.execute("select id from student")}
        manual = db.execute("select count(*) from grade where manual_score is not null")
        assert manual.fetchone() == (0,)
        assert db.execute("pragma integrity_check").fetchone() == ("ok",)
    assert "intruder" not in tables
    assert students <= run.students
