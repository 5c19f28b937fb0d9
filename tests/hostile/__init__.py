"""Submissions that a grader must survive: attacks, accidents, and honest oddities.

Each module holds one category; `all_cases` gathers them. The attacks are plain text
until somebody grades them. They are written so that a defence that fails does bounded
harm: forks, memory, disk and time are capped, and only planted secrets are hunted.
"""

from importlib import import_module

from staff.ci import effort
from tests.hostile.case import Case

__all__ = ["CATEGORIES", "all_cases", "some_cases"]

CATEGORIES = (
    *("process", "resources", "tampering", "hooks", "leaks", "network"),
    *("metadata", "files", "students", "values", "state", "honest", "forgery"),
    "reading",
)

FORGERIES, OTHERS = 9, 27


def all_cases() -> list[Case]:
    """Return every case, category by category."""
    modules = [import_module(f"tests.hostile.{name}") for name in CATEGORIES]
    return [case for module in modules for case in module.bank.cases]


def some_cases() -> list[Case]:
    """Return the cases of this run: all, or a sample of each category, others daily.

    The sample holds one forgery in `FORGERIES`, and of each other category one in
    `OTHERS`, but one at least: in so many days each case has had its turn. The numbers
    are odd, so that a case meets the one layer of the sandbox in its first turn and the
    other in its second.
    """
    cases = all_cases()
    if effort.whole("hostile"):
        return cases
    chosen = []
    for category in CATEGORIES:
        ours = [case for case in cases if case.category == category]
        step = FORGERIES if category == "forgery" else min(OTHERS, len(ours))
        chosen += ours[effort.today(step) :: step]
    return chosen
