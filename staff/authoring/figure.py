"""``python -m staff figure``: make the README's figure by running its notebook.

The figure is the one of the experiment with dropout rates in notebook 02, exactly as a
learner sees it.
"""

import argparse
import base64

from staff.course import Course, CourseError
from staff.runs import execute

__all__ = ["main"]

STEM, ALT = "02_dropout_from_scratch", "Accuracy over steps for four rates"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff figure", description=__doc__)
    parser.parse_args(arguments)
    course = Course()
    executed = execute(course.solution(STEM))
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            picture = output.get("data", {})
            if picture.get("text/plain", "").startswith(ALT) and "image/png" in picture:
                path = course.root / "docs" / "figure.png"
                path.write_bytes(base64.b64decode(picture["image/png"]))
                print(f"{path}: {picture['text/plain']}")
                return 0
    raise CourseError(f"{STEM}: expected a figure whose text starts with {ALT!r}")
