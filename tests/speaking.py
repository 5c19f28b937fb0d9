"""All that helpers say, for a test that has put another language into its process.

`main` collects what learners would read and writes it, as place → text. Verdicts must
be those of English. What checks say is collected for a third of the notebooks, for
others each day; for all under COURSE_TESTS=all.
"""

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib
import torch
from matplotlib.text import Text

from helpers import checks, curtain, data, device, seeds, words
from helpers.checks import CheckFailed, NotAttempted
from helpers.evidence import claims, intervals
from helpers.show import display
from helpers.study import (
    _panel,
    after,
    bookmarks,
    certificates,
    challenge,
    predictions,
    progress,
    quick_checks,
    quizzes,
    warm_up,
)
from helpers.training import fit
from staff.ci import effort
from tests import test_answers
from tests.helpers.demos.test_stage import SCENES

SAID: dict[str, str] = {}
STEM = "02_dropout_from_scratch"


def note(place: str, *texts: object) -> None:
    """Keep what was said; what a place says later is added."""
    SAID[place] = "\n".join(
        [*([SAID[place]] if place in SAID else []), *map(str, texts)]
    )


@contextlib.contextmanager
def printed(place: str) -> Iterator[None]:
    """Keep what the block prints, and what an error in it says."""
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield
    except Exception as error:
        note(f"{place}, {type(error).__name__}", error)
    note(place, out.getvalue(), err.getvalue())


def in_turn(path: Path) -> bool:
    return path.parts[-3] in effort.turns(test_answers.STEMS, 3)


def one_of_each_mistake() -> list[Path]:
    chosen: dict[tuple[str, ...], Path] = {}
    for path in filter(in_turn, test_answers.WRONG):
        chosen.setdefault((*path.parts[-3:-1], path.stem.split("__")[0]), path)
    return [*chosen.values()]


def failed_checks() -> None:
    """Check wrong answers: their verdicts are those of the English messages."""
    for path in one_of_each_mistake():
        given, check = test_answers.answer(path), test_answers.checker(path)
        try:
            check(*given)
        except CheckFailed as failed:
            if failed.mistake != test_answers.mistake_of(path):
                raise AssertionError(f"{path}: {failed.mistake} is named") from failed
            bundle = failed.bundle()
            note(f"check {test_answers.label(path)}", *bundle.values())
        else:
            raise AssertionError(f"{path} passes")


def passed_checks() -> None:
    for path in filter(in_turn, test_answers.RIGHT):
        if path.stem == "right_solution":
            with printed(f"check {test_answers.label(path)}"):
                test_answers.checker(path)(*test_answers.answer(path))


def panels(folder: Path) -> None:
    """Show every kind of panel, with and without a page; write them for a browser."""
    folder.mkdir()

    def publish(bundle: dict[str, str], *_: object, **__: object) -> None:
        page = bundle["text/html"]
        path = folder / f"{len([*folder.iterdir()])}.html"
        path.write_text(f"<!doctype html><meta charset=utf-8>{page}", encoding="utf-8")
        note("panel, page", page.split("<script>")[0])
        note("panel, text", bundle["text/plain"])

    _panel.publish = publish
    right = test_answers.ANSWERS / STEM / "inverted_dropout" / "right_solution.py"
    with printed("panels"):
        # Passed on every day, so that the warm-up has an exercise to ask for again.
        test_answers.checker(right)(*test_answers.answer(right))
        quick_checks.quick_check(next(iter(quick_checks.load_quick_checks())))
        quizzes.quiz(STEM)
        quizzes.flashcards(STEM)
        challenge.challenge()
        warm_up.warm_up("04_adamw")
        after._offer(STEM, "inverted_dropout", 1)
        bookmarks.offer(STEM, "inverted_dropout", words="", before="", text="")
        print(bookmarks.table(), bookmarks.table()._repr_html_())
    note("panel, script", *words.script_words(_panel._script()).values())


def records() -> None:
    table, course = progress.table(), progress.course_map()
    note("progress, text", table)
    note("progress, page", table._repr_html_())
    note("map, text", course)
    note("map, page", course._repr_html_())
    parts = [certificates.Part(b.title, b.exercises, {}) for b in table]
    key = bytes(32)
    note("certificate, page", certificates.self_made("Q", parts))
    note("certificate, page", certificates.signed("Q", parts, key=key, issued="2026"))
    with printed("certificate"):
        progress.certificate("Q")
    with printed("certificate"):
        progress.certificate("")


def results() -> None:
    arms = {"a1": [1.0, 2.0], "b1": [2.0, 4.0]}
    with printed("results"), claims.results(varies="q") as table:
        table.arms(arms, paired_with="a1", unit="q")
        claims.claim("q.q", "Q1.", [1.0, 2.0], "> 0")
        claims.claim("q.r", "Q2.", [-1.0, -2.0, -1.5], "> 0")
        claims.claim("q.s", "Q3.", 1.0, "> 0")
    ledger = claims.ledger()
    note("ledger, text", ledger)
    note("ledger, page", ledger._repr_html_())
    note("ledger, page", type(ledger)()._repr_html_())
    note("curtain, page", curtain._folded(""))


def asked() -> None:
    with printed("predictions"):
        predictions.predict("q1", "q1?", ["a1", "b1"])
        predictions.recall("q1", 1)
        predictions.predict("q1", "q1?", ["a1", "b1"], pick=1)
        predictions.recall("q1", 1)
        predictions.recall("q1", 2)
        predictions.recall("q2", 2)
    widgets = predictions._buttons("q1", "q1?", ["a1", "b1"])
    note("predictions, buttons", widgets.children[-1].value)


def small_things() -> None:
    with printed("device"):
        device.device()
        device.device("q1")
    with printed("seeds"):
        seeds.shift(3)
        seeds.shift(0)
        seeds.shift(-1)
    with printed("look"):
        checks.look(lambda: 1.0, 2.0)
        checks.look(lambda: 1 / 0)
        checks.look(_stub)
    note("not attempted", *NotAttempted("q1").bundle().values())
    with printed("bar"):
        x, y = torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)
        fit(torch.nn.Linear(2, 2), (x, y), epochs=1, progress=True)


def _stub() -> None:
    raise NotImplementedError


def bad_input() -> None:
    """Call with bad input what learners call themselves."""
    calls: list[Callable[[], object]] = [
        lambda: checks.load("q1"),
        lambda: quizzes.quiz("q1"),
        lambda: intervals.mean_interval([1.0]),
        lambda: intervals.mean_interval([1.0, float("nan")]),
        lambda: intervals.paired_difference([1.0, 2.0], [1.0]),
        lambda: data.two_moons(0),
        lambda: display.checked_alt("q1"),
        lambda: claims.claim("q", "q", [1.0], "> 0"),
        lambda: claims.claim("q", "q", [1.0, 2.0], "q"),
        lambda: predictions.predict("q", "q", ["q"]),
        lambda: bookmarks.mark("q1"),
        lambda: warm_up.warm_up("q1"),
        lambda: fit(torch.nn.Linear(1, 1), (torch.zeros(1), torch.zeros(2)), epochs=1),
    ]
    for number, call in enumerate(calls):
        with printed(f"bad input {number}"):
            call()


def demos(folder: Path) -> None:
    """Write every scene's page for a browser; keep what its picture and spec say."""
    for name, make in SCENES.items():
        scene = make()
        (folder / f"{name}.html").write_text(scene.page(), encoding="utf-8")
        spec = json.loads(scene._spec().replace("<\\/", "</"))
        labels = [[c["label"], c["group"]] for c in spec["controls"]]
        options = [c["options"] for c in spec["controls"] if "options" in c]
        shown = [words for each in options for _, words in each]
        note(f"demo {name}, controls", spec["title"], spec["alt"], *shown)
        note(f"demo {name}, controls", *sum(labels, []))
        figure = scene.picture()
        figure.canvas.draw()
        texts = [each.get_text() for each in figure.findobj(Text)]
        note(f"demo {name}, picture", *texts)


def main(out: Path) -> None:
    """Collect all and write it, and the demos' pages beside."""
    matplotlib.use("agg")
    os.environ.pop("CI", None)
    failed_checks()
    passed_checks()
    panels(out.parent / "panels")
    records()
    results()
    asked()
    small_things()
    bad_input()
    demos(out.parent)
    out.write_text(json.dumps(SAID, ensure_ascii=False, indent=1), encoding="utf-8")
