"""Predict before you run: ask, record the pick, and come back to it afterwards.

What a prediction was compared with is worth remembering; being wrong costs nothing.
What decides it stays folded in the page until then (see `helpers.curtain`).
"""

import html
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from helpers import curtain
from helpers.evidence import claims
from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.words import say

if TYPE_CHECKING:
    from ipywidgets import Label, VBox

__all__ = ["predict", "recall"]

_asked: dict[str, list[str]] = {}  # choices of the questions asked in this session
_picked: dict[str, int] = {}  # picks of this session, also where nothing is recorded


def predict(
    id: str, question: str, choices: Sequence[str], *, pick: int | None = None
) -> None:
    """Ask for a prediction: radio buttons where there is a front end, else text.

    Args:
        id: "notebook.slug"; `recall` asks for it again.
        question: what to predict.
        choices: at least two different answers.
        pick: the number of your choice, from 1; for places without buttons.

    Raises:
        ValueError: fewer than two choices, a choice twice, or a pick that is none.
    """
    choices = _checked(id, choices, pick)
    _asked[id] = choices
    if _predicted(id) is not None:  # in an earlier session
        curtain.lift(id)
    if pick is not None:
        _record(id, pick)
        print(
            say(
                "{question}\nYour prediction: {pick}. {choices}",
                question=question,
                pick=pick,
                choices=choices[pick - 1],
            )
        )
    elif not panel.in_kernel():
        print(_as_text(id, question, choices))
    else:
        _show_buttons(id, question, choices)


def recall(id: str, answer: int | str) -> None:
    """Show what was predicted and what came out; inside a table of results, above it.

    Args:
        id: as given to `predict`.
        answer: what came out: the number of a choice (from 1), its text, or a sentence.
            A number or text of a choice also says whether the prediction was right.

    Until the prediction is made, a page keeps this folded, and the table with it.
    Where `predict` has not run, a line says so: an experiment does not fail over it.

    Raises:
        ValueError: the number is none of the choices.
    """
    choices = _asked.get(id, [])
    if isinstance(answer, int) and not choices:
        print(
            say(
                "To compare, run the cell with predict({id!r}, …), then this one.",
                id=id,
            )
        )
        return
    if isinstance(answer, int) and not 1 <= answer <= len(choices):
        raise ValueError(
            say(
                "recall({id!r}, {answer}): expected the number of a choice, 1 to "
                "{n_choices}.",
                id=id,
                answer=answer,
                n_choices=len(choices),
            )
        )
    came = choices[answer - 1] if isinstance(answer, int) else answer
    table = claims.open_table()
    shown = table or claims.Results()
    shown.note(id, lambda: _compared(id, came))
    if table is None:
        shown.show()


def _compared(id: str, came: str) -> str:
    text, choices = _predicted(id), _asked.get(id, [])
    if text is None:
        folded = "" if curtain.down([id]) else f"{curtain.SAYING}.\n"
        return say("{folded}What came out: {came}", folded=folded, came=came)
    verdict = ""
    if came in choices:
        verdict = (
            say("\nAs predicted.")
            if text == came
            else say("\nA surprise: worth a note.")
        )
    return say(
        "You predicted: {text}\nWhat came out: {came}{verdict}",
        text=text,
        came=came,
        verdict=verdict,
    )


def _checked(id: str, choices: Sequence[str], pick: int | None) -> list[str]:
    choices = [str(choice) for choice in choices]
    if len(choices) < 2 or len(set(choices)) < len(choices):
        raise ValueError(
            say(
                "predict({id!r}): expected at least two different choices, got "
                "{choices}.",
                id=id,
                choices=choices,
            )
        )
    if pick is not None and pick not in range(1, len(choices) + 1):
        raise ValueError(
            say(
                "predict({id!r}): expected pick from 1 to {n_choices}, got {pick!r}.",
                id=id,
                n_choices=len(choices),
                pick=pick,
            )
        )
    return choices


def _as_text(id: str, question: str, choices: list[str]) -> str:
    lines = [f"  {k}. {choice}" for k, choice in enumerate(choices, 1)]
    how = say(
        'To record yours, add pick= to the call: predict("{id}", …, pick=1)', id=id
    )
    return "\n".join([question, *lines, how])


def _record(id: str, pick: int) -> None:
    _picked[id] = pick
    text = _asked[id][pick - 1]
    store.update(lambda data: data["predictions"].update({id: {"text": text}}))
    curtain.lift(id)


def _predicted(id: str) -> str | None:
    if id in _picked:
        return _asked[id][_picked[id] - 1]
    entry = store.section("predictions").get(id, {})
    return str(entry["text"]) if "text" in entry else None


def _show_buttons(id: str, question: str, choices: list[str]) -> None:
    panel.show_widget(_buttons(id, question, choices), _as_text(id, question, choices))


def _buttons(id: str, question: str, choices: list[str]) -> "VBox":
    """Build question, radio buttons and a note that says when a pick is recorded."""
    import ipywidgets as widgets

    before = _predicted(id)
    radio = widgets.RadioButtons(
        options=[(choice, k) for k, choice in enumerate(choices, 1)],
        index=choices.index(before) if before in choices else None,
        layout={"width": "max-content"},
    )
    note = widgets.Label(
        say("Noted.") if before in choices else say("Pick one, then go on.")
    )
    radio.observe(_on_pick(id, note), names="value")
    title = widgets.HTML(f"<b>{html.escape(question)}</b>")
    return widgets.VBox([title, radio, note])


def _on_pick(id: str, note: "Label") -> Callable[[dict[str, Any]], None]:
    def on_pick(change: dict[str, Any]) -> None:
        if change["new"] is not None:
            _record(id, change["new"])
            note.value = say("Noted.")

    return on_pick
