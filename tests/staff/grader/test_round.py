"""A round of attacks on the grading run itself, in real sessions under all layers."""

import pytest

from staff.course import Course
from staff.grader import sandbox
from staff.grader.engine import Job, Limits, Seat, Warm
from staff.grader.model import Step, Submission

SETUP = "import torch"
LIMITS = Limits(seconds=3.0, memory=1 << 30)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def seat():
    box = sandbox.choose()
    place = Seat(lambda: Warm(Course().root, SETUP, box, LIMITS), LIMITS)
    yield place
    place.close()


def asked(name, answer, test, hidden="pass"):
    """Return the steps of one question."""
    text = f"{test}\n### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS\n"
    return [
        Step("answer", answer, name, name),
        Step("test", text, f"test_{name}", name),
    ]


def graded(seat, *steps):
    steps = (Step("provided", SETUP, "setup"), *steps)
    wanted = tuple(step.question for step in steps if step.kind == "test")
    return seat.grade(Job(Submission("ada", "f", "0", steps), wanted))[0]


def verdicts(result):
    return {name: each.verdict.value for name, each in result.questions.items()}


RIGHT = asked("g", "def g(): return 7", "assert g() == 7")

CHANNEL = """
import os, stat
def channel():
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                return fd
        except OSError:
            pass
"""

# --- what a session says to the warm process --------------------------------------


def test_a_status_without_a_number_ends_no_warm_process(seat):
    """int(Infinity) raises OverflowError, which nobody caught: INFRA for all."""
    answer = CHANNEL + (
        "def f():\n"
        '    os.write(channel(), b\'{"kind": "tested", "status": 1e999}\')\n'
        "    while True: pass\n"
    )
    result = graded(seat, *asked("f", answer, "assert f()"), *RIGHT)
    assert verdicts(result) == {"f": "TAMPERED", "g": "PASS"}


@pytest.mark.parametrize("depth", [11, 800, 949, 954, 960])
def test_deep_outputs_end_no_warm_process(seat, depth):
    """What can just be read cannot be written any more: RecursionError."""
    deep = f"b'[' * {depth} + b']' * {depth}"
    answer = CHANNEL + (
        "def f(): return 0\n"
        f'os.write(channel(), b\'{{"kind": "end", "outputs": \' + {deep} + b\'}}\')\n'
        "os._exit(0)\n"
    )
    result = graded(seat, *asked("f", answer, "assert f()"), *RIGHT)
    assert verdicts(result)["g"] == "PASS"
    assert verdicts(result)["f"] not in ("INFRA", "PASS")
