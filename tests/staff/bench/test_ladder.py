"""The ladder's own parts; what it grades is graded in the grader's tests."""

import json

import pytest

from staff.bench import grading, ladder
from staff.course import Course, CourseError
from staff.grader.bundle import Bundle
from staff.grader.journal import Journal
from staff.grader.record import Recorder

STEM = "02_dropout_from_scratch"
KINDS = ("new", "known")


def test_a_simulated_class_is_recorded_whole(tmp_path, capsys):
    table = ladder.simulate(tmp_path, STEM, 12, workers=2)
    assert [row[:3] for row in table.rows] == [["12", "yes", k] for k in KINDS]
    said = capsys.readouterr().out
    assert said.count(" of them, ") == 20
    with Journal(Course(tmp_path), STEM, "seconds 20.0, memory 4294967296") as journal:
        known = [journal.latest(f"s{number:07d}") for number in range(12)]
    questions = Bundle.load(Course(tmp_path), STEM).questions
    for entry in known:
        assert entry is not None
        assert {*entry.questions} == {*questions}
    pages = list((tmp_path / "grading" / "feedback").rglob("*.html"))
    assert len(pages) == 12


def test_a_simulated_class_may_do_without_files(tmp_path):
    table = ladder.simulate(tmp_path, STEM, 10, workers=1, files=False)
    assert [row[:3] for row in table.rows] == [["10", "no", k] for k in KINDS]
    assert not (tmp_path / "grading" / "feedback").exists()


def test_who_is_lost_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(
        Recorder, "is_settled", lambda self, _, one, __: one.student[-1] == "7"
    )
    with pytest.raises(CourseError, match="of 10 submissions 9 were recorded"):
        ladder.simulate(tmp_path, STEM, 10, workers=1, files=False)


def test_latencies_are_read_off_the_results(tmp_path):
    log = tmp_path / "results.jsonl"
    log.write_text("".join(f"{json.dumps({'seconds': s})}\n" for s in (3, 1, 2)))
    assert ladder._latencies(log) == [1, 2, 3]
    assert ladder._quantiles([1.0, 2.0, 30.0]) == ["2.00", "2.00"]
    assert ladder._quantiles([]) == ["", ""]


def test_bench_grade_hands_the_ladder_on(monkeypatch):
    seen = []
    monkeypatch.setattr(ladder, "main", lambda words: seen.append(words) or 0)
    assert grading.main(["--ladder", "--rungs", "5"]) == 0
    assert seen == [["--rungs", "5"]]
