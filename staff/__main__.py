"""The command line of course staff: ``python -m staff COMMAND``."""

import os
import sys
from collections.abc import Callable
from importlib import import_module

from staff.course import CourseError
from staff.environment import child_environment, settle

COMMANDS = {
    "build": ("staff.authoring.build:main", "make the notebooks from their masters"),
    "words": (
        "staff.authoring.words:main",
        "renew the template for translators, compile translations",
    ),
    "test": ("staff.ci.suite:main", "run everything that CI runs, or the stages named"),
    "budget": ("staff.ci.budget:main", "show how long each notebook runs"),
    "replicate": ("staff.ci.replicate:main", "measure the claims on other seeds"),
    "grade": ("staff.grader.grade:main", "grade a class of submissions"),
    "report": ("staff.grader.report:main", "show how each question went"),
    "doctor": ("staff.grader.doctor:main", "check all that grading depends on"),
    "register": (
        "staff.grader.gradebook:register",
        "enter assignments into the gradebook",
    ),
    "certify": (
        "staff.grader.certificates:certify",
        "write signed certificates from the gradebook",
    ),
    "verify": (
        "staff.grader.certificates:verify",
        "tell whether certificates are genuine",
    ),
    "nbgrader": ("staff.grader.gradebook:nbgrader", "run a command of nbgrader"),
    "wheel": ("staff.setup.wheel:main", "pack helpers and data for Colab"),
    "figure": ("staff.authoring.figure:main", "make the README's figure again"),
    "page": ("staff.authoring.page:main", "write docs/playground.html again"),
    "lock": ("staff.setup.lock:main", "renew requirements.lock and environment.yml"),
}


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    if not arguments or arguments[0] not in COMMANDS:
        lines = [f"  {name:<10}{text}" for name, (_, text) in COMMANDS.items()]
        print("usage: python -m staff COMMAND ...\n\n" + "\n".join(lines))
        return 0 if arguments in ([], ["-h"], ["--help"]) else 2
    module, function = COMMANDS[arguments[0]][0].split(":")
    try:
        run: Callable[[list[str]], int] = getattr(import_module(module), function)
        return run(arguments[1:])
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    os.environ.setdefault("COURSE_LANGUAGE", "en")  # what staff read and grade in
    settle(child_environment())
    sys.exit(main(sys.argv[1:]))
