"""One answer costs one question, and one submission costs no other anything.

Small submissions written by hand run in one warm process under all layers that work
here. Each answer is right, and takes 80 MB when it is called; what is added does harm.
"""

import os

import pytest

from staff.grader.model import Step
from tests.staff.grader.sessions import LIMITS, asked, graded, seated, verdicts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def seat():
    with seated() as place:
        yield place


def right(number, more=""):
    """Return the steps of a question: an answer that is right, and its test."""
    name = f"q{number}"
    made = f"torch.ones({number} + 20_000_000)"
    answer = f"def {name}():\n    return {made}.numel()\n{more}"
    test = f"assert {name}() == {20_000_000 + number}"
    return asked(name, answer, test, f"assert {name}() > 9")


def extras(*sources):
    return [Step("extra", text, f"own-{k}") for k, text in enumerate(sources)]


def lost(result, *, besides=""):
    """Return what did not pass: question → verdict and why."""
    return {
        name: (each.verdict.value, each.message, each.evidence)
        for name, each in result.questions.items()
        if each.verdict != "PASS" and name != besides
    }


# --- within a submission ----------------------------------------------------------


def test_memory_that_an_answer_keeps_costs_its_question_at_most(seat):
    hoard = f"hoard = bytearray({LIMITS.memory - (60 << 20)})"
    steps = [*right(1), *right(2, hoard), *right(3), *right(4), *right(5)]
    result = graded(seat, *steps)
    assert lost(result, besides="q2") == {}
    assert verdicts(result)["q2"] in {"PASS", "OOM", "TIMEOUT"}


def test_memory_that_an_answer_keeps_is_counted_once(seat):
    """A test runs in a fork, which has the same pages, not as many again."""
    hoard = "hoard = torch.ones(600 << 18)"
    assert lost(graded(seat, *right(1), *right(2, hoard), *right(3))) == {}


def test_sleeping_before_each_fork_costs_one_question(seat):
    nap = "import os, time\nos.register_at_fork(before=lambda: time.sleep(3600))"
    steps = [*right(1), *right(2, nap), *right(3), *right(4), *right(5), *right(6)]
    result = graded(seat, *steps)
    assert lost(result, besides="q2") == {}
    assert verdicts(result)["q2"] == "TIMEOUT"


def test_what_slows_the_given_cells_costs_one_question(seat):
    slow = "def seed(n):\n    while True: pass\ntorch.manual_seed = seed"
    given = [Step("provided", "torch.manual_seed(1)\nbase = 7", "given")]
    uses = "def q3():\n    return torch.ones(20_000_003).numel() * (base == 7)\n"
    third = [Step("answer", uses, "q3", "q3"), right(3)[1]]
    steps = [*right(1), *right(2, slow), *given, *third, *right(4)]
    result = graded(seat, *steps)
    assert lost(result, besides="q2") == {}
    assert verdicts(result)["q2"] in {"PASS", "TIMEOUT"}


def test_an_answer_that_hangs_is_there_for_those_that_build_on_it(seat):
    hangs = "def half(x):\n    return x / 2\ndef q1():\n    while True: pass\n"
    builds = "def q2():\n    return half(torch.full((20_000_002,), 2.0)).numel()\n"
    first = [Step("answer", hangs, "q1", "q1"), right(1)[1]]
    second = [Step("answer", builds, "q2", "q2"), right(2)[1]]
    assert verdicts(graded(seat, *first, *second)) == {"q1": "TIMEOUT", "q2": "PASS"}


def test_sleepers_and_hanging_cells_cost_what_they_take_once(seat):
    """Running all sleepers again for each hanging cell would take 90 seconds."""
    nap = f"import time; time.sleep({0.9 * LIMITS.seconds})"
    steps = [*extras(*[nap] * 5, *["while True: pass"] * 6), *right(1), *right(2)]
    result = graded(seat, *steps)
    assert lost(result) == {}
    assert result.seconds < 80


def test_thousands_of_cells_that_print_are_a_verdict(seat):
    loud = "print('\\U0001F600' * 30_000)"
    result = graded(seat, *right(1), *extras(*[loud] * 400), *right(2))
    assert lost(result) == {}
    kept = sum(len(str(each)) for each in result.outputs.values())
    assert 1e5 < kept < 1e7


def test_a_process_may_have_any_name(seat):
    """Also one that is no text; it is ended like any other, and counted."""
    named = (
        "import os, subprocess, tempfile\n"
        "name = tempfile.mkdtemp().encode() + b'/\\xff\\xfe)\\n'\n"
        "os.symlink('/bin/sleep', name)\n"
        "subprocess.Popen([b'x', b'60'], executable=name)\n"
    )
    assert lost(graded(seat, *right(1), *right(2, named), *right(3))) == {}


# --- from one submission to the next ----------------------------------------------

SHARED = "torch.__file__"  # a file that every session may read


def tells(expression):
    """Return a question that passes if an expression is true in its session."""
    return [
        Step("answer", f"import os\ndef look(): return {expression}", "look", "look"),
        Step("test", "assert look()", "test_look", "look"),
    ]


CARRIED = {
    "affinity": (
        "for pid in (os.getppid(), 1):\n"
        "    os.sched_setaffinity(pid, {min(os.sched_getaffinity(0))})",
        f"len(os.sched_getaffinity(0)) == {len(os.sched_getaffinity(0))}",
    ),
    "priority": (
        "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
        f"os.getpriority(os.PRIO_PROCESS, 0) == {os.getpriority(os.PRIO_PROCESS, 0)}",
    ),
    "times of the folder": (
        "os.utime(os.environ['TMPDIR'], (67890, 67890))",
        "os.stat(os.environ['TMPDIR']).st_mtime != 67890",
    ),
    "attributes of the folder": (
        "os.setxattr(os.environ['TMPDIR'], 'user.mark', b'here')",
        "os.listxattr(os.environ['TMPDIR']) == []",
    ),
    "permissions of the folder": (
        "os.chmod(os.environ['TMPDIR'], 0o500)",
        "open(os.environ['TMPDIR'] + '/x', 'w').close() is None",
    ),
    "shared memory": (
        "from multiprocessing import shared_memory\n"
        "block = shared_memory.SharedMemory('mark', create=True, size=64)",
        "not os.path.exists('/dev/shm/mark')",
    ),
    "working folder": (
        "os.mkdir('deep'); os.chdir('deep')",
        "not os.path.exists('deep') and os.path.basename(os.getcwd()) != 'deep'",
    ),
    "umask": ("os.umask(0o777)", "os.umask(0) == 0o22"),
    "limits": (
        "import resource\n"
        "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (9, 9))",
        "__import__('resource').getrlimit(7) == (256, 256)",
    ),
}


@pytest.mark.parametrize("what", CARRIED)
def test_state_does_not_carry_over(seat, what):
    change, look = CARRIED[what]
    tried = "\n".join(f"    {line}" for line in change.split("\n"))
    tried = f"import os\ntry:\n{tried}\nexcept Exception as error: print(error)"
    assert lost(graded(seat, *right(1, tried)), besides="q1") == {}
    assert lost(graded(seat, *tells(look))) == {}


def test_a_judge_that_is_lost_is_replaced(seat):
    assert lost(graded(seat, *right(1))) == {}
    before = seat._warm
    for process in before._processes[1:]:
        process.kill()
        process.wait()
    assert lost(graded(seat, *right(1), *right(2))) == {}
    assert seat._warm is not before
