"""An answer's form: what is set aside, what is kept, and any text in little time."""

import time

import pytest

from staff.term.tokens import CHARACTERS, TOKENS, form

PLAIN = """\
def f(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    mask = torch.rand(x.shape, generator=generator) >= p
    self.count, n = 'a', 1e-5
    for i, row in enumerate(x):
        total = sum(w * row[i] for w in mask)
    return x * mask / (1 - p)
"""
ALIKE = {
    "names": [("mask", "keep"), ("total", "acc"), ("row", "r"), ("count", "c")],
    "parameters": [
        ("(x, p, training, generator=None)", "(x, p, train, g=None)"),
        ("=generator)", "=g)"),
    ],
    "comments": [("    mask", "    # the coins\n\n    mask"), ("1 - p)", "1-p) # q")],
    "docstring": [(":\n    if", ':\n    """Drop\n    units."""\n    if')],
    "layout": [
        ("torch.rand(x.shape, generator=generator) >= p", "(\n  torch.rand(\n"
         "    x.shape, generator=generator) >= p\n  )"),
        ("1:\n        raise", "1: raise"),
        ("return x * mask / (1 - p)", "return (x *\n      mask / (1 - p))"),
    ],
    "quotes": [('"p"', "'p'"), ("'a'", '"a"')],
    "continued": [("self.count, n = ", "self.count, n = \\\n     ")],
    "magics": [("def f", "%matplotlib inline\n!ls\ndef f")],
    "types": [
        ("(x, p, training, generator=None)",
         "(x: dict[str, int], p: float, training, generator: Any | None=None) -> int"),
    ],
    "pass": [("1 - p)\n", "1 - p)\n    pass\n")],
}  # fmt: skip
OTHER = {
    "number": [("1e-5", "1e-6")],
    "string": [("'a'", "'b'")],
    "operator": [(">= p", "> p")],
    "function": [("torch.rand(", "torch.randn(")],
    "attribute": [("x.shape", "x.dtype")],
    "keyword": [("generator=generator", "out=generator")],
    "swapped": [("x * mask", "mask * x")],
    "which name": [("/ (1 - p)", "/ (1 - n)")],
    "brackets": [("mask / (1 - p)", "(mask / 1) - p")],
}


def changed(pairs):
    text = PLAIN
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("what", ALIKE)
def test_what_is_set_aside(what):
    assert form(changed(ALIKE[what])) == form(PLAIN)


@pytest.mark.parametrize("what", OTHER)
def test_what_is_kept(what):
    assert form(changed(OTHER[what])).numbered != form(PLAIN).numbered


def test_names_are_told_apart_in_one_form_only():
    one, two = form("a = 1\nb = 2\nc = a"), form("a = 1\nb = 2\nc = b")
    assert one.numbered != two.numbered
    assert one.loose == two.loose


def test_statements_that_the_course_gave_are_left_out():
    given = 'def f(x, p):\n    """Doc."""\n    raise NotImplementedError\n'
    assert form(given, given) == form("")
    assert form("def f(x, q):\n    return x * q", given).loose == (
        *("return", "·", "*", "·", "\n"),
    )


def test_long_answers_are_cut():
    assert form("x = 1\n" * 400).cut is False
    assert form("x = 1\n" * 1000).cut
    assert len(form("x = 1\n" * 1000)) == TOKENS
    assert form("#" * (CHARACTERS + 1)).cut


HOSTILE = {
    "open string": "'''" + "a" * CHARACTERS + "\\",
    "quotes": "\"'" * CHARACTERS,
    "escapes": "'\\\n" * CHARACTERS,
    "backslashes": "\\" * CHARACTERS,
    "brackets": "(" * CHARACTERS,
    "closing": ")" * CHARACTERS,
    "prefixes": "rb" * CHARACTERS,
    "assignments": "a=" * CHARACTERS,
    "exponents": "0e+" * CHARACTERS,
    "both quotes": "'''\"\"\"" * CHARACTERS + "\\",
    "for": "for a in " * CHARACTERS,
    "lambda": "lambda " * CHARACTERS,
    "selves": "self.a = " * CHARACTERS,
    "signs": "\x00\ud800🙂\u202e" * CHARACTERS,
    "spaces": " \t" * CHARACTERS,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_any_text_takes_little_time(what):
    start = time.process_time()
    form(HOSTILE[what], HOSTILE[what])
    assert time.process_time() - start < 1.0  # 0.05 s here
