"""Scores of a group: everybody's own, in a few statements, found without a scan."""

import sqlite3

import pytest
from nbgrader.api import Gradebook
from sqlalchemy import event

from staff.grader import marks, scores
from staff.grader.gradebook import enter
from staff.grader.record import Recorder
from tests.staff.grader.made import handed_in, results


@pytest.fixture
def book(small):
    path = small.grading / "gradebook.db"
    with Gradebook(f"sqlite:///{path}", "regularization") as book:
        yield book


def recorded(recorder, bundle, names):
    recorder._write([(handed_in(bundle, n), results(bundle, "double")) for n in names])


def test_a_group_takes_as_many_statements_as_one_submission(small, bundle):
    with Recorder(small, bundle) as recorder:
        counts = []
        for names in (["ada"], [f"s{n}" for n in range(12)], ["ada", "s3"]):
            said = []
            heard = recorder._book.engine, "before_cursor_execute"
            listener = lambda *seen, said=said: said.append(seen[2])  # noqa: E731
            event.listen(*heard, listener)
            with recorder._transaction():
                some = [
                    scores.Scored(
                        handed_in(bundle, name),
                        recorder._results(handed_in(bundle, name), results(bundle)),
                    )
                    for name in names
                ]
                recorder._scores.write(some)
            event.remove(*heard, listener)
            counts.append(len(said))
    new, group, again = counts
    assert group == new <= 16
    assert again <= new  # nothing is new, and little is changed


def test_nobody_of_a_group_gets_anothers_points(small, bundle, book, stem):
    names = [f"s{n}" for n in range(6)]
    with Recorder(small, bundle) as recorder:
        for right in ((), ("double",), ("double", "Counter")):
            group = [
                (handed_in(bundle, name), results(bundle, *right[: n % 3]))
                for n, name in enumerate(names)
            ]
            recorder._write(group)
    worth = (0.0, 2.0, 5.0)
    for n, name in enumerate(names):
        assert book.find_submission(stem, name).score == worth[n % 3]


def test_ids_come_in_the_order_of_time():
    ids = [scores._new_id() for _ in range(1000)]
    assert {len(each) for each in ids} == {32}
    assert len({*ids}) == 1000
    assert ids[0] < ids[500] < ids[-1]


@pytest.mark.parametrize(
    "query",
    [
        "select sum(auto_score) from grade where notebook_id = 'a'",
        "select manual_comment from comment where notebook_id = 'a'",
        "select id from submitted_notebook where assignment_id = 'a'",
        "select id from submitted_assignment where student_id = 'a'",
    ],
)
def test_a_learners_rows_are_found_by_an_index(small, query):
    with sqlite3.connect(small.grading / "gradebook.db") as db:
        (plan,) = db.execute(f"explain query plan {query}").fetchall()
    db.close()
    assert "USING INDEX course_" in plan[-1]


def test_entering_again_keeps_the_indexes(small, stem):
    enter(small, stem)
    enter(small, stem)
    test_a_learners_rows_are_found_by_an_index(
        small, "select id from grade where notebook_id = 'a'"
    )


def test_of_whom_a_person_has_decided_something(small, bundle, book, stem):
    names = ["ada", "ben", "eve", "ian", "zoe"]
    with Recorder(small, bundle) as recorder:
        recorded(recorder, bundle, names)
    assert marks.looked_at(book.db, stem) == []
    book.find_grade("test_double", stem, stem, "zoe").manual_score = 0.0
    book.find_grade("test_double", stem, stem, "ben").extra_credit = 1.0
    book.find_comment("Counter", stem, stem, "eve").manual_comment = "Look again."
    book.db.commit()
    assert marks.looked_at(book.db, stem) == ["ben", "eve", "zoe"]
    assert marks.looked_at(book.db, "another") == []
