"""What stands under a check once it has run: a why, the solution, a bookmark.

Nothing of it is shown, and no try is counted, where notebooks are graded, tested, or
run without a person.
"""

from typing import Any

from IPython import get_ipython

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study import bookmarks
from helpers.study.whys import Why, load_whys, solution
from helpers.words import say

__all__ = ["TRIES", "failed", "passed", "tries"]

TRIES = 5  # failed ones, after which the solution may be opened


def passed(stem: str, exercise: str) -> None:
    """Ask why, and offer the solution: the check of an exercise has passed.

    Args:
        stem: the notebook's, e.g. "02_dropout_from_scratch".
        exercise: its name, e.g. "inverted_dropout".
    """
    if _somebody_is_there() and (why := load_whys(stem).get(exercise)):
        shown = [_why(why), *_solution(stem, exercise, why)]
        _show(stem, exercise, shown, "")


def failed(stem: str, exercise: str, error: BaseException, *, attempted: bool) -> None:
    """Count a try and offer a bookmark, if the error is what ends the cell.

    Args:
        stem, exercise: as for `passed`.
        error: what the check raises next.
        attempted: False for the untouched stub, which counts as no try.
    """
    shell = get_ipython()
    if shell is None or not _somebody_is_there():
        return

    def when_the_cell_ends(result: Any) -> None:
        shell.events.unregister("post_run_cell", when_the_cell_ends)
        ends_it = result.error_in_exec is error
        if ends_it or (not attempted and result.error_in_exec is None):
            _offer(stem, exercise, _counted(stem, exercise) if attempted else 0)

    shell.events.register("post_run_cell", when_the_cell_ends)


def tries(stem: str, exercise: str) -> int:
    """Return how often the check of an exercise has failed so far."""
    entries = store.section("tries")
    number = entries.get(stem, {}).get(exercise, 0)
    return number if isinstance(number, int) else 0


def _counted(stem: str, exercise: str) -> int:
    """Count one try more, and return how many there are."""

    def enter(data: dict[str, Any]) -> None:
        before = data["tries"].setdefault(stem, {})
        old = before.get(exercise, 0)
        before[exercise] = (old if isinstance(old, int) else 0) + 1

    store.update(enter)
    return tries(stem, exercise)


def _offer(stem: str, exercise: str, number: int) -> None:
    why = load_whys(stem).get(exercise)
    solved = _solution(stem, exercise, why) if why and number else []
    words = ""
    if solved and number < TRIES:
        words = say(
            "Try {number}. After {tries} tries, or a pass, the solution opens.",
            number=number,
            tries=TRIES,
        )
        solved = []
    _show(stem, exercise, solved, words)


def _somebody_is_there() -> bool:
    return panel.in_kernel() and not store.reason_off()


def _show(
    stem: str, exercise: str, shown: list[tuple[str, str, str]], words: str
) -> None:
    """Display folded parts (summary, HTML, text), and the bookmark below them."""
    folded = "".join(_details(summary, inside) for summary, inside, _ in shown)
    texts = [f"{summary}\n{text}" for summary, _, text in shown]
    bookmarks.offer(stem, exercise, words=words, before=folded, text="\n".join(texts))


def _details(summary: str, inside: str) -> str:
    return (
        '<details class="study-fold" style="max-width: 46em; margin: 6px 0">'
        f'<summary style="cursor: pointer">{panel.as_html(summary)}</summary>'
        f'<div style="padding: 2px 0 4px 16px">{inside}</div></details>'
    )


def _why(why: Why) -> tuple[str, str, str]:
    inside = panel.lines_as_html([say("A model answer, to hold yours against:")])
    summary = say("Why? {question}", question=why["question"])
    return summary, inside + panel.lines_as_html([why["answer"]]), why["answer"]


def _solution(stem: str, exercise: str, why: Why) -> list[tuple[str, str, str]]:
    """Return the part with the solution, or nothing where there is none."""
    code = solution(stem, exercise)
    if code is None:
        return []
    inside = f"<pre>{panel.code(code)}</pre>" + panel.lines_as_html([why["solution"]])
    return [(say("One way to write it"), inside, f"{code}\n{why['solution']}")]
