"""What `make test` runs: stages that can fail, and a summary that says so."""

from collections import Counter

import nbformat
import pytest

from staff.authoring.build import build
from staff.ci import effort
from staff.ci import suite as ci
from staff.ci.junit import Case, slowest
from staff.runs import execute, strict_environment, untouched_problems

FRIENDLY = "○ Exercise 1 · double: not attempted yet. Replace it by your answer."


def executed(*outputs, role="test", id="test_double"):
    cell = nbformat.v4.new_code_cell("check.double(double)", id=id)
    cell.metadata = nbformat.from_dict({"course": {"role": role}})
    cell.outputs = [nbformat.v4.new_output("error", **o) for o in outputs]
    return nbformat.v4.new_notebook(cells=[cell])


def failed(ename, text):
    return {"ename": ename, "evalue": "", "traceback": text.split("\n")}


def test_friendly_line_is_no_problem():
    colour = "\x1b[31m" + FRIENDLY + "\x1b[0m"
    for text in (FRIENDLY, colour):
        assert untouched_problems(executed(failed("NotAttempted", text))) == []


@pytest.mark.parametrize(
    ("notebook", "said"),
    [
        (executed(), "passes though nobody has answered"),
        (executed(failed("CheckFailed", FRIENDLY)), "expected one line"),
        (executed(failed("NotAttempted", FRIENDLY + "\nTraceback")), "expected one"),
        (
            executed(failed("NotAttempted", FRIENDLY.replace("double", "triple"))),
            "expected one line",
        ),
        (executed(failed("NameError", "x"), role="look", id="a"), "look cell a fails"),
        (executed(failed("NameError", "x"), role="setup", id="a"), "setup cell a"),
    ],
)
def test_everything_else_is_a_problem(notebook, said):
    (problem,) = untouched_problems(notebook)
    assert said in problem


def test_strict_environment(monkeypatch):
    monkeypatch.setenv("COURSE_STRICT", "0")
    env = strict_environment(OMP_NUM_THREADS="1")
    assert env["COURSE_STRICT"] == env["COURSE_HEADLESS"] == "1"
    assert (env["COURSE_PROGRESS"], env["OMP_NUM_THREADS"]) == ("off", "1")


def test_strict_environment_has_the_courses_seeds_unless_asked(monkeypatch):
    monkeypatch.setenv("COURSE_SEEDS", "1000")
    assert strict_environment()["COURSE_SEEDS"] == "0"
    changed = strict_environment(COURSE_SEEDS="2000", COURSE_STRICT="0")
    assert (changed["COURSE_SEEDS"], changed["COURSE_STRICT"]) == ("2000", "0")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_execute_records_times_and_leaves_the_file(course, stem):
    build(course, [])
    path = course.solution(stem)
    before = path.read_bytes()
    notebook = execute(path)
    assert path.read_bytes() == before
    assert all("execution" in c.metadata for c in notebook.cells if "outputs" in c)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("broken", [False, True])
def test_notebooks_stage(course, stem, text, tmp_path, broken, capsys):
    if broken:
        course.master(stem).write_text(text.replace("number = 3", "number = 1 / 0"))
    build(course, [])
    before = course.solution(stem).read_bytes()
    run = ci.Run(course, tmp_path / "run")
    run.folder.mkdir()
    assert ci.notebooks(run) is not broken
    assert course.solution(stem).read_bytes() == before
    assert run.counts == Counter(failed=1) if broken else Counter(passed=1)
    if not broken:
        assert ci.times(run)
        assert stem in capsys.readouterr().out


def test_a_failed_stage_fails_the_run_and_the_others_still_run(monkeypatch, capsys):
    def bad(run):
        """Bad."""
        run.counts += Counter(passed=1, failed=2)
        return False

    def good(run):
        """Good."""
        run.counts += Counter(passed=3, skipped=1)
        return True

    monkeypatch.setattr(ci, "STAGES", {"bad": bad, "good": good})
    monkeypatch.setattr(ci, "USUAL", ["bad", "good"])
    assert ci.main([]) == 1
    out = capsys.readouterr().out
    assert out.endswith("4 passed, 2 failed, 1 skipped\n")
    assert ci.main(["good"]) == 0


def test_unknown_stage():
    with pytest.raises(SystemExit):
        ci.main(["everything"])


def test_counts_come_from_the_report_not_from_what_tests_print(course, tmp_path):
    (tmp_path / "test_x.py").write_text(
        "import pytest\n\ndef test_a():\n    print('9 failed')\n\n"
        "def test_b():\n    assert 0\n\n"
        "@pytest.mark.skip(reason='so')\ndef test_c():\n    pass\n\n"
        "@pytest.fixture\ndef broken():\n    yield\n    assert 0\n\n"
        "def test_d(broken):\n    pass\n"
    )
    run = ci.Run(course, tmp_path)
    assert not run.pytest(tmp_path / "test_x.py", "-s", "-p", "no:cacheprovider")
    assert run.counts == Counter(passed=1, failed=2, skipped=1)
    assert all(case.file.endswith("test_x.py") for case in run.cases)


def test_a_run_that_never_comes_to_a_report_fails(course, tmp_path):
    run = ci.Run(course, tmp_path)
    assert not run.pytest("--no-such-option")
    assert run.counts == Counter()


def test_learners_run_leaves_out_what_no_exercise_needs(course, stem, tmp_path):
    build(course, [])
    kept = nbformat.read(ci.without_shows(course.release(stem), tmp_path), 4).cells
    sources = [cell.source for cell in kept]
    assert "number = 3" in sources  # a look needs it
    assert "math.sqrt(number)" not in sources
    roles = {cell.metadata.get("course", {}).get("role") for cell in kept}
    assert {"install", "setup", "solution", "test", "look"} <= roles
    assert "experiment" not in roles


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_learners_stage_sees_a_check_that_passes_unanswered(course, stem, tmp_path):
    master = course.master(stem)
    master.write_text(
        master.read_text().replace("assert double(1) == 2", "print(double)")
    )
    build(course, [])
    run = ci.Run(course, tmp_path)
    assert not ci.learners(run)
    assert run.counts == Counter(failed=1)


class Pretended(ci.Run):
    """A run whose pytest finds cases made beforehand, and notes its arguments."""

    def __init__(self, course, folder, found):
        super().__init__(course, folder)
        self.found, self.asked = found, []

    def command(self, *arguments, env=None):
        self.asked.append(arguments)
        return "report" not in arguments or self.reaches

    def pytest(self, *arguments, env=None):
        self.asked.append(arguments)
        self.cases += self.found
        return all(case.outcome == "passed" for case in self.found)


@pytest.fixture
def proven(monkeypatch):
    """Nothing is asked for; return the list of what is stamped."""
    stamped = []
    monkeypatch.delenv(effort.VARIABLE, raising=False)
    monkeypatch.setattr(effort, "last", lambda *_: "2026-01-31")
    monkeypatch.setattr(effort, "changed", lambda *_: True)
    monkeypatch.setattr(effort, "stamp", lambda name, part="": stamped.append(name))
    return stamped


FOUND = {
    "helpers": Case("tests/helpers/demos/test_x.py", "passed", 1.0),
    "unit": Case("tests/staff/test_x.py", "passed", 2.0),
    "answers": Case("tests/test_answers.py", "passed", 3.0),
    "proofs": Case("tests/staff/grader/test_hostile.py", "passed", 4.0),
}


def test_usual_tests_are_one_go_and_counted_by_part(course, tmp_path, proven, capsys):
    run = Pretended(course, tmp_path, [*FOUND.values()])
    assert ci.tests(run)
    (asked,) = run.asked
    assert asked[0] == "tests"
    assert not any(str(word).startswith(("--ignore", "--cov")) for word in asked)
    assert proven == []
    out = capsys.readouterr().out
    assert "coverage: not measured; last made whole 2026-01-31; due" in out
    assert "hostile: a sample; last made whole 2026-01-31; due" in out
    for seconds, part in enumerate(FOUND, 1):
        line = next(line for line in out.splitlines() if line.split()[0] == part)
        assert line.endswith(f"1 passed, 0 failed, 0 skipped in {seconds} s each alone")


def test_coverage_is_measured_of_the_tests_of_helpers_alone(
    course, tmp_path, proven, monkeypatch
):
    monkeypatch.setenv(effort.VARIABLE, "all")
    for reaches in (False, True):
        run = Pretended(course, tmp_path, [*FOUND.values()])
        run.reaches = reaches
        assert ci.tests(run) is reaches
        measured = [words for words in run.asked if "--cov=helpers" in words]
        assert [words[0] for words in measured] == ["tests/helpers"]
        assert "--ignore=tests/helpers" in run.asked[-1]
        assert (proven.count("coverage") == 1) is reaches


def test_what_was_made_whole_is_stamped_unless_it_failed_or_never_ran(
    course, tmp_path, proven, monkeypatch
):
    monkeypatch.setenv(effort.VARIABLE, "all")
    bad = Case("tests/test_pretend.py", "failed", 1.0)
    run = Pretended(course, tmp_path, [*FOUND.values(), bad])
    assert not ci.proofs(run)
    assert proven == ["hostile"]


def test_where_the_time_goes():
    cases = [Case("a.py", "passed", 1.0), Case("b.py", "failed", 5.0)]
    cases.append(Case("a.py", "passed", 7.0))
    lines = slowest(cases, 1).splitlines()
    assert len(lines) == 3
    assert lines[-1].split() == ["8", "s", "a.py"]
