"""Answers that return something wrong; nothing here may ever count as right."""

from tests.hostile.case import RIGHT, TARGET, Bank

__all__ = ["bank"]

bank = Bank("values")
VALUES = {
    "nan": "x * float('nan')",
    "infinite": "x * float('inf')",
    "minus-infinite": "x / 0 * -1",
    "minus-one": "-1",
    "nan-number": "float('nan')",
    "none": "None",
    "true": "True",
    "text": "'right'",
    "bytes": "b'right'",
    "empty-text": "''",
    "ellipsis": "...",
    "not-implemented": "NotImplemented",
    "complex": "x + 0j",
    "list": "x.tolist()",
    "tuple": "(x, x)",
    "dictionary": "{'x': x}",
    "numpy": "x.detach().numpy()",
    "double": "x.double() if x.dtype == torch.float32 else x.float()",
    "half": "x.half()",
    "integers": "x.long()",
    "booleans": "x.bool()",
    "meta-device": "torch.empty_like(x, device='meta')",
    "sparse": "x.to_sparse()",
    "quantised": "torch.quantize_per_tensor(x.detach().float(), 0.1, 0, torch.qint8)",
    "view": "x.view(-1)",
    "expanded": "x.flatten()[:1].expand(x.shape)",
    "empty": "x[:0]",
    "extra-dimension": "x[None]",
    "scalar": "x.sum()",
    "parameter": "nn.Parameter(x.detach())",
    "the-argument": "x",
    "module": "nn.Dropout(p)",
    "function": "inverted_dropout",
    "class": "torch.Tensor",
    "generator": "(each for each in x)",
    "coroutine": "__import__('asyncio').sleep(0)",
    "exception": "ValueError('right')",
    "in-place": "x.mul_((torch.rand(x.shape, generator=generator) >= p) / (1 - p))",
    "hidden-in-place": "x.data.zero_()",
    "detached": "F.dropout(x.detach(), p, training)",
    "nested": "torch.nested.nested_tensor([x.detach().flatten()])",
    "masked-number": "float(x.sum())",
}
for name, value in VALUES.items():
    bank.answers(
        f"returns-{name}",
        f"returns {value}",
        "FAIL ERROR" if name in {"sparse", "nested"} else "FAIL",
        {
            TARGET: "def inverted_dropout(x, p, training, generator=None):\n"
            f"    return {value}\n"
        },
    )
bank.answers(
    "float-subclass",
    "returns a float that compares as it likes",
    "FAIL",
    {
        TARGET: """
class Number(float):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __sub__(self, other): return Number(0)
    __rsub__ = __sub__
    def __abs__(self): return Number(0)
    def __lt__(self, other): return True
    __le__ = __lt__
    __hash__ = float.__hash__

def inverted_dropout(x, p, training, generator=None):
    return Number(1)
"""
    },
)
bank.answers(
    "int-subclass",
    "returns an int that compares as it likes",
    "FAIL",
    {
        TARGET: """
class Number(int):
    def __eq__(self, other): return True
    __hash__ = int.__hash__

def inverted_dropout(x, p, training, generator=None):
    return Number(1)
"""
    },
)
bank.answers(
    "hard-coded-visible",
    "remembers the visible part's inputs and is right for these alone",
    "FAIL",
    {
        TARGET: RIGHT.replace("inverted_dropout", "right")
        + """
known = set()
def inverted_dropout(x, p, training, generator=None):
    known.add((tuple(x.flatten().tolist()[:3]), p))
    return right(x, p, training, generator)
check.inverted_dropout(inverted_dropout)

def inverted_dropout(x, p, training, generator=None):
    if (tuple(x.flatten().tolist()[:3]), p) in known:
        return right(x, p, training, generator)
    return x * 3
"""
    },
)
bank.answers(
    "different-names",
    "the answer has another name",
    "MISSING FAIL ERROR",
    {TARGET: RIGHT.replace("inverted_dropout", "my_dropout")},
)
bank.answers(
    "wrong-signature",
    "the answer takes no arguments",
    "FAIL ERROR",
    {TARGET: "def inverted_dropout():\n    return 1"},
)
bank.answers(
    "async-answer",
    "the answer is a coroutine function",
    "FAIL",
    {TARGET: "async " + RIGHT},
)
bank.answers(
    "not-a-function", "the answer is a number", "FAIL", {TARGET: "inverted_dropout = 3"}
)
bank.answers(
    "is-the-library",
    "the answer is torch's own function",
    "FAIL",
    {TARGET: "inverted_dropout = F.dropout"},
)
bank.answers(
    "three-mistakes",
    "three questions wrong, three right: each gets its own verdict",
    {TARGET: "FAIL", "Dropout": "FAIL", "ensemble_predict": "FAIL"},
    {
        TARGET: "inverted_dropout = lambda x, p, training, generator=None: x",
        "Dropout": (
            "class Dropout(nn.Identity):\n    def __init__(self, p): super().__init__()"
        ),
        "ensemble_predict": "ensemble_predict = lambda model, x, n_samples: model(x)",
    },
)
bank.answers(
    "needs-a-package",
    "the answer needs a package that is not installed",
    "ERROR",
    {TARGET: f"import no_such_package as nsp\n@nsp.jit\n{RIGHT}"},
)
bank.inside(
    "needs-a-package-when-called",
    "the answer loads a package that is not installed",
    "ERROR",
    "import no_such_package",
    RIGHT,
)
