"""The curtain: what came out stays folded until it has been predicted.

A result behind a curtain is a closed fold in the page: one click opens it without a
prediction, and also in a saved notebook that has no kernel. As soon as the prediction
is made it stands open. Where no page shows HTML, and while notebooks are tested or
graded, there is no curtain.
"""

import html
import os
import uuid
from collections.abc import Callable, Sequence

from helpers.cards import Bundle, in_kernel, publish
from helpers.words import say

__all__ = ["SAYING", "down", "lift", "show"]

SAYING = say("Predict first, or open")
_KEPT = 12  # outputs for each prediction, should its cells be run again and again

_lifted: set[str] = set()
_waiting: dict[str, list[tuple[str, tuple[str, ...], Callable[[], Bundle]]]] = {}


def lift(id: str) -> None:
    """Open all that waits for the prediction `id`, now and from now on."""
    _lifted.add(id)
    for name, after, make in _waiting.get(id, []):
        _show(name, after, make, update=True)
    if id in _waiting:
        del _waiting[id][:-_KEPT]


def down(after: Sequence[str]) -> bool:
    """Tell whether what waits for these predictions is still folded."""
    tested = os.environ.get("COURSE_HEADLESS") == "1"
    graded = bool(os.environ.get("NBGRADER_EXECUTION"))
    return in_kernel() and not tested and not graded and not _lifted.issuperset(after)


def show(after: Sequence[str], make: Callable[[], Bundle]) -> None:
    """Display an output, folded until every prediction in `after` is made.

    Args:
        after: ids as given to `predict`; with none there is no curtain.
        make: returns the output's data, with "text/html" and "text/plain", and its
            metadata. It is called again when a prediction is made.
    """
    if not after:
        publish(*make())
        return
    name, ids = uuid.uuid4().hex, tuple(after)
    for id in ids:
        _waiting.setdefault(id, []).append((name, ids, make))
        del _waiting[id][:-_KEPT]
    _show(name, ids, make, update=False)


def _show(
    name: str, after: tuple[str, ...], make: Callable[[], Bundle], *, update: bool
) -> None:
    data, metadata = make()
    if down(after):
        data = data | {"text/html": _folded(data["text/html"])}
    publish(data, metadata, display_id=name, update=update)


def _folded(content: str) -> str:
    return (
        '<details style="margin: 0.4em 0"><summary style="cursor: pointer;'
        ' padding: 0.3em 0">'
        f"{html.escape(say('{saying}: what came out', saying=SAYING))}</summary>"
        f"{content}</details>"
    )
