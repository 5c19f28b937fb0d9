"""What a claim's own experiment says beside it: does it hold everywhere, or turn round?

Nothing is judged here by words. An experiment keeps the arms that it compared with a
control, each difference with its interval; the marks come from their signs.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from helpers.evidence.claims import Claim
from helpers.evidence.experiments import Experiment
from helpers.evidence.intervals import Interval

__all__ = ["MARKS", "marks"]

MARKS = {
    "holds": "holds; nothing beside it turns round",
    "depends": "depends on the setting: here better, there worse",
    "negative": "negative: worse than the control",
}
_HIGHER = ("accuracy", "auroc")  # units of which more is better
_LOWER = ("error", "loss", "nats", "nll", "ece")


class _Arm(NamedTuple):
    treatment: str  # its name without numbers, up to the first comma
    sign: int  # 1: better than the control, -1: worse, 0: not decided
    gain: Interval


def marks(claim: Claim, experiment: Experiment | None) -> list[str]:
    """Return the marks of a claim, keys of `MARKS`.

    - *depends*: one treatment is better than the control in one arm of the experiment
      and worse in another, each by more than its interval. Arms are of one treatment
      if they have one name but for numbers and what stands behind a comma: "decay
      0.03" and "decay 0.1", "dropout, true labels" and "dropout, false labels". If
      the claim's effect is one of the arms, its treatment counts alone.
    - *negative*: the claim's effect is the difference of one arm to the control, and
      that arm is worse.
    - *holds*: neither. An experiment without arms, or one whose unit does not tell
      which way is better, can say no more than that.
    """
    arms = list(_arms(claim, experiment)) if experiment else []
    own = [arm for arm in arms if _is_effect(claim, arm.gain)]
    asked = {arm.treatment for arm in own or arms}
    found = []
    if any(_turns(arm for arm in arms if arm.treatment == each) for each in asked):
        found.append("depends")
    if any(arm.sign < 0 for arm in own):
        found.append("negative")
    return found or ["holds"]


def _arms(claim: Claim, experiment: Experiment) -> Iterator[_Arm]:
    for compared in experiment.compared:
        better = _better(compared.unit) or _better(claim.unit)
        for name, gain in compared.gains.items() if better else ():
            yield _Arm(_treatment(name), better * _sign(gain), gain)


def _turns(arms: Iterable[_Arm]) -> bool:
    return {-1, 1} <= {arm.sign for arm in arms}


def _treatment(name: str) -> str:
    words = re.sub(r"[\d.,]*\d", "", name.split(",")[0])
    return " ".join(words.split()) or name


def _better(unit: str) -> int:
    words = unit.lower()
    higher, lower = _holds_one(words, _HIGHER), _holds_one(words, _LOWER)
    return 0 if higher == lower else 1 if higher else -1


def _holds_one(text: str, words: Iterable[str]) -> bool:
    return any(word in text.replace(",", " ").split() for word in words)


def _sign(gain: Interval) -> int:
    return 1 if gain.low > 0 else -1 if gain.high < 0 else 0


def _is_effect(claim: Claim, gain: Interval) -> bool:
    """Tell whether a claim speaks of a difference, in either direction."""
    if claim.n != gain.n:
        return False
    numbers = (claim.mean, claim.low, claim.high)
    turned = (-claim.mean, -claim.high, -claim.low)
    return any(
        all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(gain[:3], x, strict=True))
        for x in (numbers, turned)
    )
