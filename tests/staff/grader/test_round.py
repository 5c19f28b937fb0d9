"""A round of attacks on the grading run itself, in real sessions under all layers."""

import time

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


# --- what a hidden test leaves for the cells behind it -------------------------------

LEAVES = {
    "a file": (
        "import os\nplace = os.environ['TMPDIR'] + '/seen'\n"
        "def f(x):\n    open(place, 'a').write(f'{x} ')\n    return x\n",
        "print(open(place).read())",
    ),
    "a pipe": (
        "import os\nreading, writing = os.pipe()\n"
        "def f(x):\n    os.write(writing, f'{x} '.encode())\n    return x\n",
        "print(os.read(reading, 1000).decode())",
    ),
    "shared memory": (
        "import mmap\nkept = mmap.mmap(-1, 4096)\n"
        "def f(x):\n    kept.write(f'{x} '.encode())\n    return x\n",
        "print(kept[:100])",
    ),
}


@pytest.mark.xfail(strict=True, reason="a test's fork can write to what lasts longer")
@pytest.mark.parametrize("way", LEAVES)
def test_a_cell_behind_a_hidden_test_cannot_show_its_numbers(seat, way):
    """The fork that serves a hidden test writes down what it is asked."""
    answer, shows = LEAVES[way]
    hidden = "assert f(48_271) == 48_271"
    steps = [*asked("f", answer, "assert f(1) == 1", hidden)]
    result = graded(seat, *steps, Step("extra", shows, "own"), *RIGHT)
    assert verdicts(result) == {"f": "PASS", "g": "PASS"}
    assert "48271" not in str(result.outputs)


@pytest.mark.timeout(120)
def test_words_without_end_do_not_stop_the_clock(seat):
    """The warm process looked at the time only when nothing more was said."""
    answer = CHANNEL + (
        "def f(): return 0\n"
        "fd = channel()\n"
        "for _ in range(4): os.fork()\n"
        'while True: os.write(fd, b\'{"kind": "end"}\')\n'
    )
    start = time.monotonic()
    result = graded(seat, *asked("f", answer, "assert f()"), *RIGHT)
    assert verdicts(result)["g"] == "PASS"
    assert verdicts(result)["f"] in ("TIMEOUT", "TAMPERED")
    assert time.monotonic() - start < 60
