"""What a run makes of files that it cannot read, and of what a dry run has found."""

import errno
import json
import os

import pytest

from staff.bench.classroom import filled_in
from staff.grader import files, grade, intake
from staff.grader.bundle import Bundle
from staff.grader.feedback import Page
from staff.grader.grade import Grading
from staff.grader.journal import Journal
from staff.grader.model import QuestionResult, Result, Verdict
from tests.staff.grader.made import ANSWERS, PASS

STEM = "90_small"
RAISED = QuestionResult(Verdict.ERROR, "Your code raised NameError: name 'sns'")


@pytest.fixture
def course(small, monkeypatch):
    monkeypatch.setattr(grade, "Course", lambda: small)
    for student in ("ann", "bob"):
        submit(small, student, ANSWERS)
    return small


@pytest.fixture
def ran(monkeypatch):
    """Student → questions that were run; all pass, without a sandbox."""
    noted: dict[str, tuple[str, ...]] = {}

    def engine(_self, jobs):
        for job in jobs:
            if job.wanted:
                noted[job.submission.student] = job.wanted
            outputs = {"double": [{"output_type": "stream", "text": "hi\n"}]}
            questions = dict.fromkeys(job.wanted, PASS)
            yield job, Result(questions, outputs, ("none",), 0.5)

    monkeypatch.setattr(Grading, "_engine", engine)
    return noted


def submit(course, student, answers):
    folder = course.grading / "submitted" / student / STEM
    folder.mkdir(parents=True, exist_ok=True)
    signed = {name: f"{text}  # {student}" for name, text in answers.items()}
    (folder / f"{STEM}.ipynb").write_text(filled_in(course, STEM, signed))


def run(*words):
    return grade.main([STEM, *words])


BOTH = {"ann": ("double", "Counter"), "bob": ("double", "Counter")}


# -- a class that is known --------------------------------------------------------


def test_what_is_known_does_not_pile_up(course, ran, monkeypatch):
    """A submission is read only when those before it are on their way out."""
    for number in range(20):
        submit(course, f"s{number:02d}", ANSWERS)
    assert run() == 0
    taken, read = [], grade.read
    monkeypatch.setattr(grade, "read", lambda *a, **k: taken.append(1) or read(*a, **k))
    grading = Grading(course, Bundle.load(course, STEM), grade.options([STEM]))
    with grading._journal() as journal:
        for done, _ in enumerate(grading._results(journal), 1):
            assert len(taken) == done
    assert len(taken) == 22


# -- the disk ----------------------------------------------------------------------


@pytest.mark.parametrize("why", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_full_disk_at_intake_is_our_fault_and_stops_nobody(
    course, ran, monkeypatch, capsys, why
):
    keep = intake.keep_original

    def full(folder, content):
        if "ann" in folder.parts:
            raise OSError(why, "no room")
        return keep(folder, content)

    monkeypatch.setattr(intake, "keep_original", full)
    assert run() == 1
    said = capsys.readouterr().out
    assert "INFRA: 1 could not be graded" in said
    assert "keeping what ann handed in: the disk" in said
    assert ran == {"bob": BOTH["bob"]}
    entry = Journal(course, STEM).latest("ann")
    assert {q.verdict for q in entry.questions.values()} == {Verdict.INFRA}
    assert not (course.grading / "feedback" / "ann").exists()

    monkeypatch.setattr(intake, "keep_original", keep)
    assert run() == 0
    assert ran == BOTH


@pytest.mark.parametrize("why", [errno.EMFILE, errno.EIO, errno.ENOMEM])
def test_a_machine_that_cannot_read_is_no_invalid_file(
    course, ran, monkeypatch, capsys, why
):
    def broken(descriptor, _limit):
        os.close(descriptor)
        raise OSError(why, "not now")

    monkeypatch.setattr(files, "_read", broken)
    assert run() == 1
    assert "INFRA: 2 could not be graded" in capsys.readouterr().out
    assert ran == {}


def test_a_dry_run_says_who_could_not_be_graded(course, ran, monkeypatch, capsys):
    def broken(descriptor, _limit):
        os.close(descriptor)
        raise OSError(errno.EMFILE, "not now")

    monkeypatch.setattr(files, "_read", broken)
    assert run("--dry-run") == 0
    assert "ann: could not be graded" in capsys.readouterr().out


def test_a_mistake_of_ours_costs_one_submission(course, ran, monkeypatch):
    align = intake.align

    def fails(cells, known):
        if any("# ann" in cell.source for cell in cells):
            raise RecursionError("too deep")
        return align(cells, known)

    monkeypatch.setattr(intake, "align", fails)
    assert run() == 0
    assert ran == {"bob": BOTH["bob"]}
    entry = Journal(course, STEM).latest("ann")
    assert "could not be read (RecursionError)" in entry.invalid


# -- dry runs ----------------------------------------------------------------------


def test_the_run_after_a_dry_run_runs_nothing_again(course, ran, capsys):
    assert run("--dry-run") == 0
    assert ran == BOTH
    assert "ann: not graded yet, would get 5" in capsys.readouterr().out
    ran.clear()
    assert run("--dry-run") == 0
    assert ran == {}
    assert run() == 0
    assert ran == {}
    journal = Journal(course, STEM)
    entry = journal.latest("ann")
    assert {q.verdict for q in entry.questions.values()} == {Verdict.PASS}
    assert journal.outputs(entry)["double"][0]["text"] == "hi\n"
    assert [*(course.grading / "cache").glob(f"{STEM}.*")] == []  # nothing is left
    assert "Right" in (course.grading / f"feedback/ann/{STEM}/{STEM}.html").read_text()


def test_what_changed_since_a_dry_run_is_run(course, ran):
    assert run("--dry-run") == 0
    ran.clear()
    submit(course, "bob", {**ANSWERS, "Counter": ANSWERS["Counter"] + "\n# again"})
    assert run() == 0
    assert ran == {"bob": ("Counter",)}


def test_force_runs_all_again(course, ran):
    assert run("--dry-run") == 0
    ran.clear()
    assert run("--force") == 0
    assert ran == BOTH


def test_a_dry_run_for_one_student_is_kept_for_the_others(course, ran):
    assert run("--dry-run") == 0
    ran.clear()
    assert run("--student", "ann") == 0
    assert run() == 0
    assert ran == {}


@pytest.mark.parametrize("content", [b"", b"rubbish\n", b"\xff" * 500])
def test_a_damaged_cache_costs_time_alone(course, ran, content):
    assert run("--dry-run") == 0
    for path in (course.grading / "cache").glob(f"{STEM}.*"):
        path.write_bytes(content)
    ran.clear()
    assert run("--dry-run") == 0
    assert run() == 0
    assert ran == BOTH


def test_an_old_form_of_the_cache_costs_time_alone(course, ran, monkeypatch):
    assert run("--dry-run") == 0
    ran.clear()

    def older(_data):
        raise TypeError("unexpected keyword argument")

    with monkeypatch.context() as patch:
        patch.setattr("staff.grader.journal.Entry.from_json", older)
        assert run("--dry-run") == 0
    assert ran == BOTH


def test_a_dry_run_that_cannot_write_its_cache_still_says_all(course, ran, capsys):
    folder = course.grading / "cache"
    folder.mkdir()
    (folder / f"{STEM}.jsonl").mkdir()
    assert run("--dry-run") == 0
    assert "ann: not graded yet, would get 5" in capsys.readouterr().out


# -- packages that are not there -----------------------------------------------------


def test_the_summary_names_what_is_not_installed(course, ran, capsys, tmp_path):
    text = f"import no_such_package as nsp\n{ANSWERS['double']}"
    submit(course, "ann", {**ANSWERS, "double": text})
    assert run("--json", str(tmp_path / "lines")) == 0
    said = capsys.readouterr().out
    assert "not installed here: no_such_package, imported in 1 of them" in said
    lines = (tmp_path / "lines").read_text().splitlines()
    assert {json.loads(line)["student"] for line in lines} == {"ann", "bob"}


def test_feedback_says_which_package_an_answer_lacks(course, bundle, tmp_path):
    from staff.grader.find import find

    text = f"import no_such_package as nsp\n{ANSWERS['double']}\nnsp.f()"
    submit(course, "ann", {**ANSWERS, "double": text})
    (candidate, _) = find(course, STEM)
    found = intake.read(candidate, bundle)
    result = Result({"double": RAISED, "Counter": PASS})
    page = Page(bundle).render(found, result)
    assert "no_such_package is not installed where answers are graded" in page
    assert page.count("uses what is not installed where answers are graded") == 1
