"""Answers whose text IPython runs, or Python, and the judge reads otherwise.

Whether something was written from scratch is read off the text. So a text that runs,
and that the judge cannot read, may use whatever it likes.
"""

from tests.hostile.case import RIGHT, TARGET, Bank

bank = Bank("reading")

LIBRARY = """\
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(f"p must be in [0, 1], got {p}")
    state = torch.get_rng_state()
    if generator is not None:
        torch.set_rng_state(generator.get_state())
    (out,) = map(torch.dropout, [x], [p], [training])
    if generator is not None:
        generator.set_state(torch.get_rng_state())
        torch.set_rng_state(state)
    return out
"""
"""Right but for torch's own dropout; called from C, where a profile hook is blind."""

_FIRST, *_REST = LIBRARY.splitlines()
TEXTS = {
    "plainly": LIBRARY,
    "prompts": "\n".join([f">>> {_FIRST}", *(f"... {line}" for line in _REST)]) + "\n",
    "numbered-prompts": "\n".join(
        [f"In [1]: {_FIRST}", *(f"   ...: {line}" for line in _REST)]
    )
    + "\n",
    "magic": f"%matplotlib inline\n{LIBRARY}",
    "slash": f"{LIBRARY}/print 1\n",
    "comma": f"{LIBRARY},print a b\n",
    "semicolon": f";print a b\n{LIBRARY}",
    "byte-order-mark": f"\ufeff{LIBRARY}",
}
for name, text in TEXTS.items():
    bank.answers(
        f"library-{name}",
        "torch's own dropout, in a form of its text that IPython turns into Python",
        "FAIL ERROR" if name == "byte-order-mark" else "FAIL",
        {TARGET: text},
    )

_HELPER = """\
def turned(x):
    x = x.T
    x = x.mT if x.ndim == 2 else x
    x = x.real
    x = x.data
    return x
"""
bank.answers(
    "attributes-one-after-the-other",
    "right, beside a helper that gives one name four attributes of itself in turn",
    "PASS",
    {
        TARGET: f"{_HELPER}\n\n{RIGHT}".replace(
            "return x *", "turned(x)\n    return x *"
        )
    },
)
_DEEP = "    if p < 0:\n        torch" + ".nn" * 900 + "\n    if not training"
bank.answers(
    "attributes-of-attributes",
    "right, with an attribute of an attribute, 900 times, that never runs",
    "PASS",
    {TARGET: RIGHT.replace("    if not training", _DEEP)},
)
bank.answers(
    "names-one-after-the-other",
    "right, and 2,000 names that stand for one another",
    "PASS",
    {
        TARGET: "a0 = torch\n"
        + "".join(f"a{i} = a{i - 1} if a{i - 1} else None\n" for i in range(1, 2000))
        + RIGHT.replace("    return x *", "    a1999\n    return x *")
    },
)
