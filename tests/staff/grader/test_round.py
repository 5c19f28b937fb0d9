"""A round of attacks on the grading run itself, in real sessions under all layers."""

import time

import pytest

from staff.grader.model import Step
from tests.staff.grader.sessions import asked, graded, seated, verdicts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def seat():
    with seated() as place:
        yield place


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


# --- from scratch: what runs is not what was read ------------------------------------

CHECKED = """
import torch
from torch import nn
import torch.nn.functional as F
from helpers.checks import load
check = load("02_dropout_from_scratch")
"""
PUT = """
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    return torch.square(x, p, training, generator)
"""
PUTS = """
import threading
def draw(x, p, training, generator):
    done, draws = [], torch.get_rng_state()
    def work():
        if generator is not None:
            torch.set_rng_state(generator.get_state())
        done.append(F.dropout(x, p, training))
        if generator is not None:
            generator.set_state(torch.get_rng_state())
            torch.set_rng_state(draws)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    return done[0]
setattr(torch, "square", draw)
"""
HONEST = """
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    if not training:
        return x.clone()
    if p == 1:
        return torch.zeros_like(x)
    return x * kept(x, p, generator) / (1 - p)
"""
KEPT = """
calls = []
def kept(x, p, generator):
    return (torch.rand(x.shape, generator=generator) >= p).to(x.dtype)
"""
PLAYS = """
x = torch.ones(5, 4)
x[0] = 3
print(F.dropout(x, 0.5), kept(x, 0.5, None))
for p in (0.1, 0.9):
    F.dropout(x, p)
"""
BROKEN = "def unfinished(x:"


@pytest.fixture(scope="module")
def checked():
    with seated(CHECKED, stems=("02_dropout_from_scratch",)) as place:
        yield place


def own_dropout(checked, answer, *cells):
    test = "check.inverted_dropout(inverted_dropout)"
    hidden = f"{test[:-1]}, seed=4321)"
    steps = [Step("extra", cell, f"own{n}") for n, cell in enumerate(cells)]
    steps = [*steps, *asked("inverted_dropout", answer, test, hidden)]
    result = graded(checked, *steps, setup=CHECKED)
    return result.questions["inverted_dropout"]


def test_what_was_put_in_an_answers_way_is_left_to_a_person(checked):
    """In a thread, where the watch does not look, and by no name that leads there."""
    result = own_dropout(checked, PUT, PUTS)
    assert result.verdict != "PASS" or "other cells" in result.evidence


@pytest.mark.parametrize(
    "cells", [(KEPT,), (KEPT, PLAYS), (BROKEN, KEPT, PLAYS)], ids=len
)
def test_who_plays_in_cells_of_his_own_is_not_listed(checked, cells):
    result = own_dropout(checked, HONEST, *cells)
    assert (result.verdict, result.evidence) == ("PASS", "")


def test_an_answer_that_lives_on_what_was_not_read_is_listed(checked):
    """The same function, made where no name leads."""
    result = own_dropout(checked, HONEST, f"exec({KEPT!r})")
    assert (result.verdict, bool(result.evidence)) == ("PASS", True)


def test_hidden_numbers_are_a_texts_own():
    from staff.grader.judge.court import _own

    seeds = {_own(4321, [CHECKED, text]) for text in (HONEST, PUT, f"{HONEST}#")}
    assert len(seeds) == 3
    assert _own(4321, [HONEST]) == _own(4321, [HONEST]) != _own(4322, [HONEST])
