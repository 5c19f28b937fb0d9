"""Learners' code is parsed elsewhere: what that costs, and what may go wrong there."""

import ast
import os
import re
import signal
import sys
import threading
import time
from importlib import import_module
from re import _parser as patterns

import pytest

from staff.course import Course
from staff.grader import reader as module
from staff.grader.faults import InfraError
from staff.grader.reader import LookUps, Reader, Readings, installed
from staff.grader.syntax import LONGEST, Reading, read
from tests.staff.grader.sheets import BANK, STEM, bank

SLOW = "a\n" * (LONGEST // 2)
TEXTS = [
    "x = 1\ndef f(a): return a + b\nimport torch.nn as nn\ntorch.rand = 3",
    "%matplotlib inline\nfiles = !ls\nclass A:\n    y = z",
    "def f(:\n    pass\nclass B",
    *("", "# only this", "\ud800 = 1", "x = '\0'"),
    *bank(STEM, "inverted_dropout"),
]


@pytest.fixture
def reader():
    made = Reader()
    yield made
    made.close()


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: repr(text[:12]))
def test_it_finds_there_what_one_finds_here(reader, text):
    found, seconds = reader.read(text)
    assert found == read(text)
    assert 0 <= seconds < 0.5
    assert reader.read(text) == (found, 0.0)  # known by now


def test_readings_survive_as_plain_data():
    for text in TEXTS:
        assert Reading.from_json(read(text).to_json()) == read(text)


def test_what_takes_too_long_is_killed_and_costs_nothing_else(reader):
    reader.read("x = 1")
    first = reader._process.pid
    found, seconds = reader.read(f"def f(): pass\n{SLOW}"[:LONGEST], seconds=0.01)
    assert (found.parsed, found.defined, seconds) == (False, {"f": ""}, 0.01)
    assert reader._process is None
    found, _ = reader.read("def g(): pass")
    assert found.parsed
    assert reader._process.pid != first
    assert reader.read(SLOW)[0].parsed  # nothing wrong is remembered


def test_the_kernel_holds_it_to_its_memory(reader):
    reader.read("x = 1")
    with open(f"/proc/{reader._process.pid}/limits") as file:
        (limit,) = [line for line in file if line.startswith("Max address space")]
    assert limit.split()[3] == str(1 << 30)


def test_a_process_that_somebody_ended_is_started_again(reader):
    reader.read("x = 1")
    os.kill(reader._process.pid, signal.SIGKILL)
    assert reader.read("def f(): pass")[0].parsed


def test_a_text_that_ends_the_process_counts_as_unreadable(reader, monkeypatch):
    monkeypatch.setattr(module, "_PROGRAM", DIES)
    found, _ = reader.read("def f(): pass")
    assert (found.parsed, found.defined) == (False, {"f": ""})


DIES = (
    "import os; "
    "os.write(1, b'\\0\\0\\0\\2{}'); "  # it says that it is there
    "os.read(0, 9); os.kill(os.getpid(), 11)"
)


def test_without_a_process_it_is_our_fault(reader, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(InfraError, match="starting the process that reads code"):
        reader.read("x = 1")


def test_it_has_nothing_of_this_process(reader, monkeypatch):
    monkeypatch.setenv("SECRET", "yes")
    reader.read("x = 1")
    place = f"/proc/{reader._process.pid}"
    with open(f"{place}/environ") as file:
        assert "SECRET" not in file.read()
    assert os.readlink(f"{place}/cwd") == "/"
    assert {int(name) for name in os.listdir(f"{place}/fd")} <= {0, 1, 2, 3, 4}


def test_many_threads_may_ask(reader):
    wrong = []

    def ask(number):
        for k in range(20):
            name = f"f{number}_{k}"
            if {*reader.read(f"def {name}(): pass")[0].defined} != {name}:
                wrong.append(name)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_it_ends_with_whoever_started_it():
    reader = Reader()
    reader.read("x = 1")
    process = reader._process
    process.stdin.close()
    assert process.wait(timeout=30) == 0
    process.stdout.close()


# -- one submission ------------------------------------------------------------------


def test_only_so_many_characters_are_parsed(reader):
    readings = Readings(reader)
    texts = [f"def f{k}(): pass\n{'# more' * 3_300}" for k in range(6)]
    parsed = [readings(text).parsed for text in texts]
    assert parsed == sorted(parsed, reverse=True)
    assert 2 <= sum(parsed) < 6
    again = Readings(reader)  # all known by now: which are read stays the same
    assert [again(text).parsed for text in texts] == parsed
    assert {*readings(texts[-1]).defined} == {"f5"}


def test_short_texts_cost_something_too(reader):
    readings = Readings(reader)
    parsed = [readings(f"x = {k}").parsed for k in range(1_000)]
    assert not parsed[-1]
    assert parsed == sorted(parsed, reverse=True)


def test_only_so_much_time_is_spent(reader):
    readings = Readings(reader, seconds=0.01)
    assert not readings(SLOW).parsed
    assert not readings("x = 1").parsed
    assert Readings(reader)("x = 1").parsed


def test_names_that_a_magic_looks_up_are_not_known():
    assert LookUps()("f = raw + 1") == {"raw"}
    assert LookUps()("%reset -f\nf = 1") is None
    assert LookUps()("x = 1\n" * LONGEST) is None
    assert LookUps()("no python at all") == frozenset()


# -- packages ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["torch", "helpers", "os", "sys", "__main__", "yaml"])
def test_these_can_be_imported(name):
    assert installed(name)


@pytest.mark.parametrize("name", ["no_such_package", "solutions", "data", "tests", "é"])
def test_these_cannot(name):
    assert not installed(name)


def test_looking_for_a_package_does_not_import_it(tmp_path, monkeypatch):
    (tmp_path / "course_marker_package.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    assert installed("course_marker_package")
    assert "course_marker_package" not in sys.modules


# -- no regex that goes back ---------------------------------------------------------

TRUSTED = ["align", "arrange", "decode", "find", "magics", "pages", "suspect", "syntax"]
GRADER = Course().root / "staff" / "grader"


def compiled(name):
    """Yield the patterns that a module compiles at its top level."""
    for value in vars(import_module(f"staff.grader.{name}")).values():
        items = [value]
        while items:
            item = items.pop()
            if isinstance(item, re.Pattern):
                yield item
            elif isinstance(item, (list, tuple)):
                items += item
            elif isinstance(item, dict):
                items += item.values()


def goes_back(items):
    """Tell whether a parsed pattern has an unlimited repeat that may give back."""
    for operation, value in items:
        name = str(operation)
        if name in ("MAX_REPEAT", "MIN_REPEAT") and value[1] is patterns.MAXREPEAT:
            return True
        parts = value if isinstance(value, (tuple, list)) else [value]
        for part in parts:
            inner = part if isinstance(part, list) else [part]
            if any(isinstance(p, patterns.SubPattern) and goes_back(p) for p in inner):
                return True
    return False


@pytest.mark.parametrize("name", TRUSTED)
def test_no_pattern_goes_back(name):
    found = [*compiled(name)]
    # The names of files are short, and searching for one word needs a way back.
    found = [p for p in found if p.pattern != NAMES]
    assert [p.pattern for p in found if goes_back(patterns.parse(p.pattern))] == []


NAMES = r"(?P<name>.*)\.ipynb(?:\.(?:txt|json))?"


@pytest.mark.parametrize(
    ("pattern", "back"),
    [
        (r"\bhelpers\s+import\s+.*\bchecks\b", True),
        (r"(?:a|b*)c", True),
        (r"(?=x*)y", True),
        (r"a+?", True),
        (r"\w++|[^\w\s]", False),
        (r"(?:a{1,6}|b*+)c", False),
    ],
)
def test_going_back_is_noticed(pattern, back):
    assert goes_back(patterns.parse(pattern)) == back


@pytest.mark.parametrize("name", [n for n in TRUSTED if n != "find"])
def test_patterns_are_compiled_where_the_test_above_sees_them(name):
    tree = ast.parse((GRADER / f"{name}.py").read_text("utf-8"))
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "re"
    }
    assert used <= {"compile", "M", "S", "I", "Pattern", "Match"}


def test_names_of_files_are_matched_in_time():
    from staff.grader.find import is_student

    start = time.process_time()
    for token in ("a", "a ", "a-", "é.", "'", " "):
        for end in ("", "!", " "):
            is_student((token * 100)[: 100 - len(end)] + end)
    assert time.process_time() - start < 0.1


def test_every_answer_of_the_bank_is_read():
    """Right and wrong answers are honest code: all of it must be readable."""
    paths = [*BANK.glob("*/*/*.py")]
    assert len(paths) > 300
    found = [read(path.read_text("utf-8")) for path in paths]
    assert all(reading.parsed and not reading.aside for reading in found)
    assert max(reading.work for reading in found) < LONGEST / 4
