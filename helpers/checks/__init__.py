"""Checks that name the mistake: one module per notebook, written in one vocabulary.

`load("02_dropout_from_scratch")` returns the checks of a notebook. Each is a function
`check(answer, *, seed=0)`: it prints one line when the answer is right and raises
`CheckFailed` (shown as a short message, never a traceback) when it is not. `seed`
draws the numbers, shapes and dtypes of the cases. Where an exercise asks for two
functions the check takes both, in the order of its attribute `asks`.
"""

from helpers.checks._again import again
from helpers.checks._exercise import exercise, look
from helpers.checks._registry import available, load
from helpers.checks.vocabulary.report import CheckFailed, NotAttempted
from helpers.checks.vocabulary.trial import Trial

__all__ = [
    "CheckFailed",
    "NotAttempted",
    "Trial",
    "again",
    "available",
    "exercise",
    "load",
    "look",
]
