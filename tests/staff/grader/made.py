"""Submissions and results as intake and a session make them, by hand."""

from staff.grader.bundle import RUN
from staff.grader.model import QuestionResult, Result, Step, Submission, Verdict

PASS = QuestionResult(Verdict.PASS, seconds=0.25)
FAIL = QuestionResult(Verdict.FAIL, "✗ Exercise: wrong.\n  Got   3", seconds=0.5)
ANSWERS = {
    "double": "def double(x):\n    return 2 * x",
    "Counter": (
        "class Counter:\n    def __init__(self, start=0):\n        self.n = start\n\n"
        "    def step(self):\n        self.n += 1\n        return self.n"
    ),
}


def handed_in(bundle, student, answers=ANSWERS, **changes) -> Submission:
    """Return what intake makes of a file with these answers."""
    steps = []
    for cell in bundle.cells:
        if cell.role in RUN:
            steps.append(Step("provided", cell.source, cell.id))
        elif cell.role == "solution" and cell.question in answers:
            source = answers[cell.question]
            steps.append(Step("answer", source, cell.id, cell.question))
        elif cell.role == "test":
            steps.append(Step("test", cell.source, cell.id, cell.question))
    given = {
        "file": f"{student}/{bundle.stem}.ipynb",
        "sha256": "0" * 64,
        "steps": tuple(steps),
        "missing": frozenset(bundle.questions.keys() - answers.keys()),
        "timestamp": "2026-02-03 04:05:06 UTC",
    }
    return Submission(student, **{**given, **changes})


def results(bundle, *right, **others) -> Result:
    """Return PASS for the names in `right`, others as given, else FAIL."""
    questions = {
        name: others.get(name, PASS if name in right else FAIL)
        for name in bundle.questions
    }
    outputs = {"double": [{"output_type": "stream", "name": "stdout", "text": "hi\n"}]}
    return Result(questions, outputs, ("limits",), 0.75)
