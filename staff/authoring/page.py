"""``python -m staff page``: write the playground as a page that needs no Python.

It is one file, ``docs/playground.html``, with everything in it; it can be opened from
a disk, or served by any server of plain files.
"""

import argparse

from helpers.demos.playground import playground
from staff.course import Course, CourseError

__all__ = ["main", "playground_page"]

_WORDS = """<p>One small network is trained twice in front of you, from the same
weights, on the same points and in the same order: on the left as it is, on the right
with the regularizers that you choose. Points with a black rim have a false label. Small
dots are validation points, which no training step ever sees.</p>
<h2>What to try</h2>
<ol>
<li>Press <b>Play</b> and let it run for about 1,000 steps. What does each network do
about the false labels? On which side do the training and the validation loss part?</li>
<li>Set the false labels to 0. Is weight decay still worth having?</li>
<li>Set weight decay to 0 and L1 to 0.03, and look at the share of weights that are
exactly zero. Then try dropout, input noise, or a patience of 10 looks alone.</li>
<li>Choose <b>yours</b> and make a set of points that only one of the two gets
right.</li>
</ol>
<h2>The playground</h2>"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser("python -m staff page", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; fail if it is out of date"
    )
    options = parser.parse_args(arguments)
    path = Course().root / "docs" / "playground.html"
    page = playground_page()
    if options.check:
        if not path.is_file() or path.read_text("utf-8") != page:
            raise CourseError(f"{path} is out of date: run `python -m staff page`")
        return 0
    path.write_text(page, "utf-8")
    print(f"{path}: {len(page.encode()) // 1000} kB")
    return 0


def playground_page() -> str:
    """Return the whole page; the same text every time."""
    return playground().page(_WORDS)
