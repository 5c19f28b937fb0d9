"""Dates and rules: in nbgrader's gradebook where it has a place, kept, applied."""

import datetime

import pytest

from staff.course import CourseError
from staff.grader.gradebook import enter
from staff.grader.policy import Late, Policy
from staff.term import calendar
from tests.staff.term.conftest import kept, submit

HOUR = 3600.0


def rules(room, *lines):
    path = Policy.path(room.course.root)
    path.write_text("\n".join(lines))
    return Policy.read(room.course.root)


@pytest.mark.parametrize(
    ("seconds", "share"),
    [
        *((0, 0), (15 * 60, 0), (15 * 60 + 1, 0.1), (24 * HOUR, 0.1)),
        *((24 * HOUR + 1, 0.2), (100 * HOUR, 0.3), (7 * 24 * HOUR + 1, 1.0)),
    ],
)
def test_what_lateness_costs(seconds, share):
    late = Late(0.1, grace_minutes=15, cap=0.3, closed_after_days=7)
    assert late.share(seconds) == pytest.approx(share)


def test_the_file_is_written_as_it_is_read(room):
    policy = Policy(
        *("Europe/Berlin", Late(0.1, 15, 0.5, 7.0), 2, 0.25),
        {"02_x": {"o'neil@x.y": 36.0, "zoë": 1.5}, "all": {"ada": 0.0}},
    )
    policy.write(room.course)
    assert Policy.read(room.course.root) == policy
    Policy().write(room.course)
    assert Policy.read(room.course.root) == Policy()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[late", "expected TOML.*move it away"),
        ("[late]\nper_dai = 1", "late.per_dai is not known; expected one of cap"),
        ("[late]\nper_day = 10", "late.per_day: expected a number from 0 to 1.*10"),
        ('[late]\ncap = "x"', "late.cap: expected a number.*'x'"),
        ("[late]\ngrace_minutes = true", "expected a number ≥ 0, found True"),
        ("[late]\ngrace_minutes = nan", "expected a number ≥ 0, found nan"),
        ("[term]\ndrop_lowest = 0.5", "expected a whole number"),
        ('timezone = "Mars"', "timezone: expected a name such as.*'Mars'"),
        ("extensions = 3", r"expected a table \[extensions\]"),
        ("[extensions]\nx = 3", "extensions.x: expected a table: student = hours"),
        ('[extensions.x]\nada = "2"', "extensions.x.ada: expected a number"),
        ("lates = 1", "lates is not known"),
    ],
)
def test_mistakes_in_the_file_are_named(room, text, message):
    with pytest.raises(CourseError, match=message):
        rules(room, text)


@pytest.mark.parametrize(
    ("text", "hour", "day"),
    [
        ("2026-07-10 23:59", 21, 10),
        ("2026-07-10", 21, 10),
        ("2026-07-10T23:59Z", 23, 10),
    ],
)
def test_dates_are_meant_in_the_courses_zone(text, hour, day):
    found = Policy("Europe/Berlin").moment(text)
    assert found == datetime.datetime(2026, 7, day, hour, 59)
    for bad in ("tomorrow", "10.7.2026", "2026-13-01", ""):
        with pytest.raises(CourseError, match="expected a date such as"):
            Policy().moment(bad)


def test_due_dates_and_lateness_reach_gradebook_and_page(room, capsys):
    calendar.main(["late", "--per-day", "10%", "--cap", "50%"])
    calendar.main(["due", "90", "2026-02-03 03:00"])
    room.grade("ada", "double", "Counter")  # 04:05:06
    assert room.marks("ada").penalty == pytest.approx(0.5)
    page = " ".join(room.page("ada").split())
    assert "4.5 of 5 points" in page
    assert "Handed in 1 hour 6 minutes late (it was due 2026-02-03 03:00 UTC)" in page
    assert "0.5 of the 5 points earned are taken off" in page
    enter(room.course, room.stem)  # as every grading does
    with room.book() as book:
        assert book.find_assignment(room.stem).duedate.hour == 3
    calendar.main(["show"])
    said = capsys.readouterr().out
    assert "due 2026-02-03 03:00 UTC" in said
    assert "10% of the points for each day begun, at most 50%" in said


def test_what_was_graded_is_brought_up_to_date_at_once(room, capsys):
    sha256 = kept(room, "ada")
    one = submit(room.bundle, "ada", sha256=sha256, repairs=("Moved.",))
    from tests.staff.grader.made import results

    assert room.settle(one, results(room.bundle, "double", "Counter"))
    calendar.main(["late", "--per-day", "0.2"])
    calendar.main(["due", "90", "2026-02-02"])
    assert "1 of the submissions graded before" in capsys.readouterr().out
    assert room.marks("ada").penalty == pytest.approx(1.0)
    page = room.page("ada")
    assert "return 2 * x" in page  # the answers are still there
    assert "Moved." in page
    calendar.main(["extend", "ada", "all", "--days", "2"])
    assert room.marks("ada").penalty == 0.0
    assert "late" not in room.page("ada")
    with room.book() as book:
        handed = book.find_submission(room.stem, "ada")
        assert handed.extension == datetime.timedelta(days=2)
    calendar.main(["extend", "ada", "90", "--hours", "0"])  # goes before "all"
    assert room.marks("ada").penalty == pytest.approx(1.0)
    calendar.main(["due", "90", "never"])
    assert room.marks("ada").penalty == 0.0
    assert not room.settle(one, results(room.bundle, "double", "Counter"))


def test_an_extension_may_come_before_the_submission(room, capsys):
    with room.book() as book:
        book.add_student("ada", first_name="Ada")
    calendar.main(["extend", "ada", "90", "--hours", "2"])
    assert "no due date yet" in capsys.readouterr().out
    calendar.main(["late", "--per-day", "1"])
    calendar.main(["due", "90", "2026-02-03 03:00"])
    room.grade("ada", "double")
    room.grade("bob", "double")
    assert (room.marks("ada").penalty, room.marks("bob").penalty) == (0.0, 2.0)
    with pytest.raises(CourseError, match="'adda': expected the id.*mean 'ada'"):
        list(calendar.extend(room.course, "adda", room.stem, 2.0))
    with pytest.raises(CourseError, match="expected 0 to 366 days"):
        list(calendar.extend(room.course, "ada", room.stem, -2.0))


def test_without_rules_nbgraders_own_setting_decides(room):
    from staff.authoring.release import nbgrader_config
    from staff.grader.late import TermPenalty

    config = nbgrader_config(room.course)
    assert TermPenalty(config=config).late_submission_penalty("ada", 3.0, 9) is None
    config.LateSubmissionPlugin.penalty_method = "zero"
    assert TermPenalty(config=config).late_submission_penalty("ada", 3.0, 9) == 3.0
    rules(room, "[late]", "per_day = 0.5")
    assert TermPenalty(config=config).late_submission_penalty("ada", 3.0, 9) == 1.5
