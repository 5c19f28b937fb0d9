"""The comparison of graders: what it measures, and what it says of it.

A usual run times one of the two on the smallest notebook, the other tomorrow; with
COURSE_TESTS=all both.
"""

import sys

import pytest

from staff.bench import timed as benches
from staff.bench.classroom import copy_course, leave_out_shows
from staff.bench.grading import memory, scaling, speed
from staff.bench.timed import Cost, Run, cost, timed
from staff.ci import effort
from staff.course import CourseError

MEGABYTE = 2**20
GRADERS = ["ours", "stock"]
if not effort.everything():
    GRADERS = [GRADERS[effort.today(2)]]


class Bench:
    """Stands for a machine on which all costs are known."""

    def __init__(self, *, start=10.0, each=0.5, stock=50.0):
        self.start, self.each, self.per_stock = start, each, stock

    def ours(self, count, workers, *, look=False):
        seconds = self.start + count * self.each / workers
        return Run(seconds, 100 * MEGABYTE, (300 + count) * MEGABYTE * look)

    def stock(self, count):
        return cost((0, 3.0), (count, 3.0 + count * self.per_stock))


def test_cost_is_a_start_and_a_price_for_each():
    assert cost((2, 11.0), (10, 15.0)) == Cost(10.0, 0.5)
    assert cost((2, 0.5), (10, 4.5)) == Cost(0.0, 0.5)  # never before the beginning
    assert Cost(10.0, 0.5).of(200) == 110.0


def test_speed_compares_per_submission_and_all_in(capsys):
    speed(Bench(), count=200, few=10, workers=2)
    lines = capsys.readouterr().out.splitlines()
    words = [line.split() for line in lines]
    assert words[1][-6:] == ["50.00", "0.250", "200.0x", "≥", "50x:", "yes"]
    assert words[2][-3:] == ["3.00", "10.000", "0.3x"]
    assert words[3][-3:] == ["10003.00", "60.000", "166.7x"]
    assert lines[4] == "Stock was measured on 10 of them and scaled to 200."


def test_speed_says_when_it_is_missed(capsys):
    speed(Bench(stock=2.0), count=200, few=10, workers=2)
    assert "≥ 50x: no" in capsys.readouterr().out


def test_scaling_compares_one_worker_with_two(capsys):
    scaling(Bench(), count=200)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "1 worker: 0.500 s per submission",
        "2 workers: 0.250 s per submission",
        "two are 2.00x as fast as one",
    ]


def test_memory_shows_each_class(capsys):
    memory(Bench(), [50, 1000], workers=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("class of    50: at most 100 MiB, 350 MiB with workers")
    assert second.startswith("class of  1000: at most 100 MiB, 1300 MiB with workers")


class Place:
    """A course in which ``python -m staff`` is a program of our own."""

    def __init__(self, root, program):
        self.root = root
        (root / "staff").mkdir()
        (root / "staff" / "__init__.py").touch()
        (root / "staff" / "__main__.py").write_text(program)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_time_and_memory_of_a_command_and_its_children(tmp_path):
    program = (
        "import subprocess, sys, time\n"
        "if sys.argv[1] == 'child':\n"
        "    held = b'x' * 80_000_000\n"
        "    time.sleep(1.5)\n"
        "else:\n"
        "    subprocess.run([sys.executable, '-m', 'staff', 'child'])\n"
    )
    run = timed(Place(tmp_path, program), ["parent"], look=True)
    assert 1.5 <= run.seconds < 30
    assert 2 * MEGABYTE < run.own < 60 * MEGABYTE
    assert 80 * MEGABYTE * 0.9 < run.whole < 300 * MEGABYTE


def test_a_command_that_fails_is_an_error(tmp_path):
    place = Place(tmp_path, "print('no gradebook'); raise SystemExit(3)")
    with pytest.raises(CourseError, match="(?s)grade 02 failed.*no gradebook"):
        timed(place, ["grade", "02"])


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("which", GRADERS)
def test_the_smallest_notebook_is_timed(which, tmp_path, monkeypatch):
    def quick(folder, stems):
        course = copy_course(folder, stems)
        leave_out_shows(course, stems)  # stock nbgrader would run them
        return course

    monkeypatch.setattr(benches, "copy_course", quick)
    bench = benches.Bench(tmp_path, "00_start_here")
    if which == "ours":
        assert bench.ours(1, 1).seconds > 1
    else:
        assert bench.stock(1).each > 1
