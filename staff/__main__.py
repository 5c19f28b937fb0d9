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
    "similar": (
        "staff.term.similar:main",
        "show answers that are alike, side by side",
    ),
    "material": (
        "staff.teaching.material:main",
        "make questions and keys from the bank of answers",
    ),
    "variant": (
        "staff.teaching.variant:main",
        "give each learner a variant of their own",
    ),
    "exam": (
        "staff.teaching.exam:main",
        "make an exam whose questions are drawn from the bank",
    ),
    "platform": (
        "staff.term.platforms:main",
        "grade inside Gradescope or PrairieLearn",
    ),
    "grader-service": (
        "staff.term.grader_service:main",
        "grade inside Grader-Service",
    ),
    "kit": (
        "staff.teaching.kit:main",
        "write syllabus, lesson plans and keys",
    ),
    "slides": (
        "staff.teaching.slides:main",
        "make a deck for each notebook, with what it measured",
    ),
    "doctor": ("staff.grader.doctor:main", "check all that grading depends on"),
    "register": (
        "staff.grader.gradebook:register",
        "enter assignments into the gradebook",
    ),
    "roster": ("staff.term.roster:main", "students: from Canvas, Moodle, a table"),
    "term": ("staff.term.calendar:main", "due dates, extensions, lateness"),
    "collect": ("staff.term.collect:main", "take submissions from a platform's ZIP"),
    "export": ("staff.term.export:main", "grades for Canvas, Moodle, spreadsheets"),
    "rubric": ("staff.term.rubric:main", "grade by hand with comments used again"),
    "regrade": ("staff.term.regrade:main", "answer learners' requests"),
    "return": ("staff.term.give_back:main", "give feedback back, list what changed"),
    "overview": ("staff.term.overview:main", "the class over the term"),
    "certify": (
        "staff.grader.certificates:certify",
        "write signed certificates from the gradebook",
    ),
    "verify": (
        "staff.grader.certificates:verify",
        "tell whether certificates are genuine",
    ),
    "nbgrader": ("staff.grader.gradebook:nbgrader", "run a command of nbgrader"),
    "wheel": ("staff.setup.wheel:main", "pack helpers and data"),
    "site": ("staff.site.make:main", "make the course a static site"),
    "picture": (
        "staff.authoring.picture:main",
        "make the README's first picture again",
    ),
    "page": ("staff.authoring.page:main", "write docs/playground.html again"),
    "numbers": (
        "staff.authoring.numbers:main",
        "fill in the numbers of README and docs",
    ),
    "lock": ("staff.setup.lock:main", "renew requirements.lock and environment.yml"),
}


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status."""
    if not arguments or arguments[0] not in COMMANDS:
        lines = [f"  {name:<15}{text}" for name, (_, text) in COMMANDS.items()]
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
