"""What is alike, in which order; nothing near is missed, and a large class is quick."""

import random
import re
import time
from functools import cache
from itertools import combinations

from rapidfuzz.distance import Indel

from staff.course import Course
from staff.grader.bundle import Bundle
from staff.term import likeness
from staff.term.likeness import Answer, Kind, Outcome, Question, findings

STEM, NAME = "02_dropout_from_scratch", "inverted_dropout"
BANK = Course().root / "tests" / "answers" / STEM / NAME
WRONG = (BANK / "wrong_scales_by_p.py").read_text()
CHECK = "    if not 0 <= p <= 1:\n        raise ValueError(p)\n"


@cache
def question() -> Question:
    cell = Bundle.load(Course(), STEM).cell("solution", NAME)
    return Question(NAME, "Exercise", cell.released, cell.source)


def renamed(text: str) -> str:
    """A copy with other names, comments and layout."""
    text = re.sub(r"\bx\b(?!\.shape)", "batch", text).replace("x.shape", "batch.shape")
    return text.replace("    return", "    # done\n\n    return")


def found(*answers: tuple[str, str, str], **options) -> list[likeness.Finding]:
    return findings(question(), [Answer(*each) for each in answers], **options)


def test_the_same_wrong_answer_comes_first():
    right = question().model
    got = found(
        ("ada", right, "right"),
        ("ben", right, "right"),
        ("cyd", WRONG, "the mistake “scales-by-p”"),
        ("dee", renamed(WRONG), "the mistake “scales-by-p”"),
        ("eve", WRONG.replace("/ p", "/ p + 0"), "FAIL: not right"),
    )
    assert [(each.outcome, each.kind, each.learners) for each in got] == [
        (Outcome.SAME_WRONG, Kind.FORM, ["cyd", "dee"]),
        (Outcome.WRONG, Kind.NEAR, ["cyd", "dee", "eve"]),
        (Outcome.RIGHT, Kind.LETTER, ["ada", "ben"]),
    ]
    assert [each.models for each in got] == [False, False, True]
    assert got[1].changed == 2


def test_one_group_is_one_finding():
    names = [f"s{number:03d}" for number in range(120)]
    (got,) = found(*((name, WRONG, "FAIL") for name in names))
    assert got.learners == names


def test_few_stand_before_many():
    got = found(
        *((name, WRONG, "FAIL") for name in "abc"),
        *((name, WRONG.replace("< p", "> p").replace("* (", "* 3 * 5 * 7 * 9 * ("),
           "FAIL") for name in "de"),
        least=0.99,
    )  # fmt: skip
    assert [each.learners for each in got] in (
        [["a", "b", "c"]],
        [["d", "e"], [*"abc"]],
    )


def test_answers_as_given_and_short_ones_are_left_out():
    stub = question().given
    assert found(("a", stub, ""), ("b", stub, "")) == []
    short = "def inverted_dropout(x, p, training):\n    return x"
    assert found(("a", short, "FAIL"), ("b", short, "FAIL")) == []
    assert len(found(("a", short, "FAIL"), ("b", short, "FAIL"), tokens=2)) == 1


def test_two_lines_that_changed_places_are_near():
    lines = "    keep = torch.rand(x.shape) >= p\n", "    scale = 1.0 / (1.0 - p)\n"
    end = "    return x * keep * scale\n"
    head = "def inverted_dropout(x, p, training, generator=None):\n"
    one, two = (head + CHECK + "".join(some) + end for some in (lines, lines[::-1]))
    (got,) = found(("a", one, "right"), ("b", two, "right"))
    assert got.kind is Kind.NEAR


def shuffled(number: int) -> list[str]:
    """Return so many different answers, made from the bank by changes at random."""
    chance = random.Random(3)
    texts = [path.read_text() for path in sorted(BANK.glob("*.py"))]
    made = []
    for _ in range(number):
        words = re.split(r"(\W)", chance.choice(texts))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(words))
            words[place] += chance.choice([" + 1", " * p", "\n    y = x", ".float()"])
        made.append("".join(words))
    return made


def test_nothing_near_is_missed_by_the_fingerprints():
    asked, signs = question(), {}
    answers = [Answer(f"s{k}", text) for k, text in enumerate(shuffled(120))]
    groups = likeness._groups(asked, answers, 20)
    texts = [likeness._signs(group.form.loose, signs) for group in groups]
    every = {
        (i, j)
        for i, j in combinations(range(len(texts)), 2)
        if Indel.distance(texts[i], texts[j]) <= (len(texts[i]) + len(texts[j])) // 10
    }
    some = set(likeness.candidates([likeness.fingerprints(text) for text in texts]))
    assert len(every) > 30
    assert len(every & some) >= 0.98 * len(every)


def test_a_class_of_three_hundred_is_quick():
    answers = [Answer(f"s{k}", text) for k, text in enumerate(shuffled(300))]
    start = time.process_time()
    assert findings(question(), answers)
    assert time.process_time() - start < 10  # measured: see teach_material.md


def test_long_hostile_answers_stay_within_bounds():
    chance = random.Random(5)
    texts = [" ".join(chance.choices("abcd+", k=6000)) for _ in range(60)]
    start = time.process_time()
    findings(question(), [Answer(f"s{k}", text) for k, text in enumerate(texts)])
    assert time.process_time() - start < 20
