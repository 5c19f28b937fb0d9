"""A failed check in a notebook: a card for learners, an error where it is graded."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from helpers.checks import CheckFailed, NotAttempted
from staff.runs import strict_environment

CHECK = """
import os
from helpers.checks import exercise
@exercise("9.9", mistakes={"half": "The factor two is missing."})
def double(answer, t):
    t.part("by hand")
    t.close(t.call(answer, 3.0), 6.0, mistakes={"half": 3.0})
def stub(x):
    raise NotImplementedError
"""


def words(text: str) -> list[str]:
    return re.findall(r"[\w.]+", text.lower())


def words_of_page(page: str) -> list[str]:
    return words(html.unescape(re.sub(r"<[^>]*>", " ", page)))


def run(client: Any, source: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run one cell; return the reply and what came out of it."""
    outputs: list[dict[str, Any]] = []

    def collect(message: dict[str, Any]) -> None:
        if message["msg_type"] in ("display_data", "error", "stream"):
            outputs.append({"type": message["msg_type"], **message["content"]})

    reply = client.execute_interactive(source, timeout=120, output_hook=collect)
    return reply["content"], outputs


@pytest.fixture(scope="module", params=["", "validate"], ids=["learner", "graded"])
def kernel(request, tmp_path_factory):
    env = strict_environment(NBGRADER_EXECUTION=request.param, CI="1")
    where = str(tmp_path_factory.mktemp("own"))
    manager, client = start_new_kernel(kernel_name="python3", env=env, cwd=where)
    try:
        assert run(client, CHECK)[0]["status"] == "ok"
        yield client, bool(request.param)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()  # in peace: it writes what it has reached


def test_an_open_exercise_stops_only_who_grades(kernel):
    client, graded = kernel
    reply, [shown] = run(client, "double(stub)")
    if graded:
        assert reply["status"] == "error"
        assert shown["ename"] == "NotAttempted"
        assert "not attempted yet" in "".join(shown["traceback"])
    else:
        assert reply["status"] == "ok"
        assert shown["type"] == "display_data"
        assert words_of_page(shown["data"]["text/html"]) == words(
            shown["data"]["text/plain"]
        )
        assert "not attempted yet" in shown["data"]["text/plain"]


def test_a_wrong_answer_fails_everywhere_and_is_a_card_for_learners(kernel):
    client, graded = kernel
    reply, [shown] = run(client, "double(lambda x: x)")
    assert reply["status"] == "error"
    assert reply["ename"] == "CheckFailed"
    assert "The factor two is missing." in "".join(reply["traceback"])
    if graded:
        assert shown["type"] == "error"
        assert "The factor two is missing." in "".join(shown["traceback"])
    else:
        assert shown["type"] == "display_data"
        assert "The factor two is missing." in shown["data"]["text/plain"]
        assert words_of_page(shown["data"]["text/html"]) == words(
            shown["data"]["text/plain"]
        )


def test_an_answer_cannot_say_that_nobody_grades(kernel):
    client, graded = kernel
    if graded:
        run(client, "kept = os.environ.pop('NBGRADER_EXECUTION')")
        reply, _ = run(client, "double(stub)")
        run(client, "os.environ['NBGRADER_EXECUTION'] = kept")
        assert reply["status"] == "error"


def test_other_errors_keep_their_tracebacks(kernel):
    reply, [shown] = run(kernel[0], "1 / 0")
    assert reply["ename"] == shown["ename"] == "ZeroDivisionError"


def test_card_and_text_say_the_same():
    failed = CheckFailed(
        "Exercise 1 · f",
        "the value is `wrong`, x < y.",
        case="f(2)\nf(3)",
        expected=1.5,
        got="$2",
        advice="Half of it?",
    )
    shown = failed.bundle()
    assert words_of_page(shown["text/html"]) == words(shown["text/plain"])
    assert "x &lt; y" in shown["text/html"]
    assert "<code>wrong</code>" in shown["text/html"]
    assert shown["text/plain"] == str(failed)


def test_not_attempted_is_another_kind_of_card():
    bad, neutral = CheckFailed("E", "no."), NotAttempted("E")
    edges = [
        re.findall("solid (#......)", each.bundle()["text/html"])
        for each in (bad, neutral)
    ]
    assert edges[0] != edges[1]
