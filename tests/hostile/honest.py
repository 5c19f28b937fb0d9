"""Honest but unusual work: every case here gets full marks."""

from tests.hostile.case import RIGHT, TARGET, Bank

__all__ = ["bank"]

bank = Bank("honest")


def unusual(name: str, about: str, code: str) -> None:
    """Add a case whose answer cell is this text, all right."""
    bank.answers(name, about, "PASS", {TARGET: code})


def beside(name: str, about: str, code: str) -> None:
    """Add a case with a right answer and this after it."""
    bank.beside(name, about, "PASS", code, RIGHT)


def within(name: str, about: str, code: str) -> None:
    """Add a case with a right answer that does this whenever it is called."""
    bank.inside(name, about, "PASS", code, RIGHT)


def extra(name: str, about: str, code: str, before: str = TARGET) -> None:
    """Add a case with an extra cell of the learner's own."""
    bank.notebook(name, about, "PASS")(lambda desk: desk.insert(code, before=before))


within(
    "warns-on-stderr",
    "warns whenever it is called",
    "import warnings; warnings.warn('p is large')",
)
within(
    "writes-to-stderr",
    "writes to stderr whenever it is called",
    "import sys; print('called', file=sys.stderr)",
)
within(
    "prints-for-debugging",
    "prints its arguments",
    "print(f'{x.shape=} {p=} {training=}')",
)
within("logs", "logs a line", "import logging; logging.warning('called with %s', p)")
within(
    "asserts", "asserts what it believes", "assert x.is_floating_point(), 'floats only'"
)
within(
    "imports-in-function",
    "imports inside of the function",
    "import torch.nn.functional as fun, math, random, sys",
)
within(
    "draws-nothing",
    "plots nothing, but touches pyplot",
    "import matplotlib.pyplot as plt; plt.figure(); plt.close('all')",
)
within(
    "tqdm-in-function",
    "a progress bar in the function",
    "from tqdm import tqdm\nfor _ in tqdm(range(3)): pass",
)
within(
    "raises-inside",
    "raises and catches",
    "try:\n    {}['x']\nexcept KeyError:\n    pass",
)
within("times-itself", "measures its time", "import time; start = time.perf_counter()")
within(
    "thread-pool",
    "uses a pool of threads",
    (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(2) as pool: list(pool.map(abs, "
        "[1, 2]))"
    ),
)
within(
    "writes-a-file",
    "keeps notes in a file",
    "with open('notes.txt', 'a') as file: file.write('called')",
)
within("pdb-left", "a switched off debugger", "DEBUG = False\nif DEBUG: breakpoint()")

beside(
    "demo-after",
    "shows the answer at work",
    "print(inverted_dropout(torch.ones(4), 0.5, True))",
)
beside(
    "checks-itself",
    "runs the check in the answer cell",
    "check.inverted_dropout(inverted_dropout)",
)
beside(
    "error-after",
    "the cell ends in an error, behind a right answer",
    "undefined_name + 1",
)
beside(
    "check-of-another",
    "runs the check of a question that is not answered yet",
    "try:\n    check.Dropout(None)\nexcept Exception as error:\n    print(error)",
)
beside(
    "plots",
    "plots",
    (
        "import matplotlib.pyplot as plt\n"
        "plt.plot([1, 2, 3]); plt.title('mine'); plt.show()"
    ),
)
beside(
    "plots-course-style",
    "plots through the course's helper",
    "ax = plots.images(torch.rand(4, 8, 8)); plots.show(ax.figure, alt='noise')",
)
beside(
    "tqdm",
    "a progress bar",
    "from tqdm.auto import tqdm\nfor _ in tqdm(range(20)): pass",
)
beside(
    "rich-output",
    "tables, maths and markdown",
    (
        "from IPython.display import HTML, Markdown, Math, display\n"
        "display(HTML('<b>x</b>'), Markdown('# x'), Math('x^2'))"
    ),
)
beside(
    "big-picture",
    "a large figure",
    (
        "import matplotlib.pyplot as plt\n"
        "plt.figure(figsize=(14, 14)); plt.imshow(torch.rand(300, "
        "300)); plt.show()"
    ),
)
beside(
    "trains-a-bit",
    "trains a small network for a moment",
    (
        "m = nn.Linear(4, 2); o = torch.optim.Adam(m.parameters())\n"
        "for _ in range(50): m(torch.rand(8, 4)).sum().backward(); "
        "o.step()"
    ),
)
beside(
    "data-loader",
    "uses a DataLoader",
    (
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "print(len(list(DataLoader(TensorDataset(torch.rand(9, "
        "2)), 3))))"
    ),
)
beside(
    "data-loader-workers",
    "uses a DataLoader with a worker process",
    (
        "from torch.utils.data import DataLoader, TensorDataset\n"
        "print(len(list(DataLoader(TensorDataset(torch.rand(9, "
        "2)), 3, num_workers=1))))"
    ),
)
beside(
    "subprocess",
    "asks for the machine's name",
    "import subprocess\nprint(subprocess.run(['uname'], capture_output=True).stdout)",
)
beside("shell-escape", "a shell escape", "!echo hello")
beside(
    "time-magic",
    "a magic",
    "%timeit -n1 -r1 inverted_dropout(torch.ones(2), 0.5, True)",
)
beside("help-mark", "asks for help", "torch.rand?")
beside(
    "saves-and-loads",
    "saves and loads a tensor",
    "torch.save(torch.ones(3), 'mine.pt'); print(torch.load('mine.pt'))",
)
beside(
    "temporary-file",
    "writes a temporary file",
    "import tempfile\nwith tempfile.NamedTemporaryFile() as file: file.write(b'x')",
)
beside(
    "doctest",
    "a doctest",
    "import doctest; doctest.run_docstring_examples(inverted_dropout, globals())",
)
beside(
    "jit",
    "scripts a function",
    (
        "import warnings\n"
        "with warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')\n"
        "    traced = torch.jit.trace(lambda x: x + 1, torch.ones(2))"
    ),
)
beside("vmap", "uses torch.func", "print(torch.func.vmap(torch.sum)(torch.ones(3, 4)))")
beside(
    "dataclasses",
    "defines dataclasses, enums and typed dicts",
    (
        "import dataclasses, enum\n"
        "@dataclasses.dataclass\n"
        "class Setting:\n"
        "    p: float = 0.5\n"
        "class Mode(enum.Enum):\n"
        "    TRAIN = 1"
    ),
)
beside(
    "multiline-output",
    "prints 500 lines",
    "for k in range(500): print(k, torch.rand(3))",
)
beside("unicode-names", "names in Greek", "\u03c0, \u03b5 = 3.14, 1e-9\nprint(\u03c0)")
beside(
    "carriage-returns",
    "rewrites a line many times",
    "for k in range(300): print(f'\\r{k}', end='', flush=True)",
)
beside("ansi", "prints in colour", "print('\\x1b[32mgreen\\x1b[0m')")
beside("reads-own-history", "looks at its own history", "print(len(In), In[-1][:10])")
beside(
    "fingerprinted-by-accident",
    "patches something harmless of its own",
    (
        "nn.Module.describe = lambda self: 'mine'\n"
        "torch.Tensor.shape_text = property(lambda self: "
        "str(self.shape))"
    ),
)
beside(
    "input-caught",
    "tries input, and is content without",
    "try:\n    name = input('your name? ')\nexcept Exception:\n    name = 'nobody'",
)
beside("sleeps-a-second", "waits a second", "import time; time.sleep(1)")
beside("last-expression", "ends in an expression", "inverted_dropout")
beside("trailing-semicolon", "ends in a semicolon", "torch.rand(3);")

unusual(
    "own-helpers",
    "own helper functions and constants before it",
    (
        "EPS = 1e-9\n"
        "\n"
        "def keep(x, p, generator):\n"
        "    return torch.rand(x.shape, generator=generator) >= p\n"
        "\n"
        "def inverted_dropout(x, p, training, generator=None):\n"
        "    if not 0 <= p <= 1:\n"
        "        raise ValueError('p')\n"
        "    if not training:\n"
        "        return x\n"
        "    return x * keep(x, p, generator) / (1 - p) if p < 1 "
        "else x * 0\n"
    ),
)
unusual(
    "imports-in-answer",
    "imports everything again",
    (
        "import torch, math, random\n"
        "import torch.nn.functional as F\n"
        "from torch import Tensor, ones, rand, zeros\n"
    )
    + RIGHT,
)
unusual(
    "decorated",
    "a decorated answer",
    (
        "import functools\n"
        "def logged(f):\n"
        "    @functools.wraps(f)\n"
        "    def inner(*a, **k):\n"
        "        return f(*a, **k)\n"
        "    return inner\n"
        "\n"
        "@logged\n"
    )
    + RIGHT,
)
unusual(
    "partial",
    "a partial function",
    "from functools import partial\n"
    + RIGHT.replace("def inverted_dropout(", "def general(")
    + "\ninverted_dropout = partial(general)\n",
)
unusual(
    "callable-class",
    "an instance with __call__",
    "class Answer:\n    def __call__(self, x, p, training, generator=None):\n"
    + "\n".join("    " + line for line in RIGHT.splitlines()[1:])
    + "\n\ninverted_dropout = Answer()\n",
)
unusual(
    "redefined-twice",
    "two attempts in one cell, the second is right",
    "def inverted_dropout(x, p, training, generator=None):\n    return x\n\n" + RIGHT,
)
unusual(
    "commented-out",
    "the stub's line commented out",
    RIGHT + "    # raise NotImplementedError\n",
)
unusual(
    "type-hints",
    "with type hints and a long docstring",
    RIGHT.replace(
        "x, p, training, generator=None):",
        (
            "x: torch.Tensor, p: float, training: bool, generator: "
            "torch.Generator | None = None) -> torch.Tensor:\n"
            "    '''Mine.'''"
        ),
        1,
    ),
)
unusual("tabs", "indented by tabs", RIGHT.replace("    ", "\t"))
unusual(
    "star-arguments",
    "takes *args and **kwargs",
    RIGHT.replace("inverted_dropout", "plain")
    + "\ndef inverted_dropout(*args, **kwargs):\n    return plain(*args, **kwargs)\n",
)
unusual(
    "uses-an-earlier-answer",
    "uses the answer to the question before",
    (
        "def inverted_dropout(x, p, training, generator=None):\n"
        "    if not training or p == 1:\n"
        "        return standard_dropout(x, p, True, generator) if "
        "training else standard_dropout(x, p, False) * 0 + x if 0 "
        "<= p <= 1 else standard_dropout(x, p, False)\n"
        "    return standard_dropout(x, p, True, generator) / (1 - "
        "p)\n"
    ),
)
unusual(
    "future-import",
    "a future import on top",
    "from __future__ import annotations\n" + RIGHT,
)
unusual(
    "walrus-and-match",
    "modern syntax",
    RIGHT.replace(
        "    if p == 1:\n        return torch.zeros_like(x)\n",
        "    match p:\n        case 1:\n            return torch.zeros_like(x)\n",
    ),
)
HEADS = {
    "matplotlib-inline": "%matplotlib inline",
    "pip-magic": "%pip install no-such-package",
    "pip-shell": "!pip install -q \\\n    no-such-package",
    "pip-bare": "pip install no-such-package",
    "ls": "!ls",
    "time-behind-a-comment": "# how long?\n\n%%time",
    "capture-named": "%%capture kept\n%%time\n%matplotlib inline",
    "timeit-cell": "%%timeit -n1 -r1",
    "autoreload": "%load_ext autoreload\n%autoreload 2",
    "help-before": "?torch\ntorch.rand??",
    "shell-value": "files = !ls\nprint(len(files))",
    "environment": "home = %env HOME\nprint(home.upper())",
    "magics-spelled-out": (
        "get_ipython().run_line_magic('matplotlib', 'inline')\n"
        "get_ipython().system('echo hello')"
    ),
    "package-not-installed": "import no_such_package as nsp, math",
}
for name, head in HEADS.items():
    unusual(f"behind-{name}", f"an answer behind {name}", f"{head}\n{RIGHT}")
within("magic-within", "a magic in the function", "%matplotlib inline")
extra("bash-cell", "a cell in another language", "%%bash\nls -l")
unusual("cell-magic-time", "times the cell", "%%time\n" + RIGHT)
unusual("cell-magic-capture", "captures its output", "%%capture kept\n" + RIGHT)

extra(
    "extra-cell",
    "a cell of its own before the answer",
    "mine = torch.rand(3)\nprint(mine)",
)
extra(
    "extra-cell-raises",
    "a cell of its own that raises",
    "raise RuntimeError('an experiment that failed')",
)
extra(
    "extra-cell-syntax",
    "a cell of its own that is no Python",
    "this is not python at all :(",
)
extra(
    "extra-helper-cell",
    "a cell of its own with a helper",
    "def helper(x):\n    return x",
)
extra(
    "extra-cells-after-test",
    "scratch cells after the test",
    "inverted_dropout(torch.ones(3), 0.5, True)",
    before="Dropout",
)
extra(
    "pip-install",
    "installs a package in a cell, which fails without a network",
    "%pip install --quiet no-such-package-for-this-course --retries 0 --timeout 1",
)
extra(
    "slow-own-cell",
    "a cell of its own that takes a second",
    "import time; time.sleep(1)",
)
bank.notebook(
    "answer-order", "a helper for two questions lives in an extra cell", "PASS"
)(
    lambda desk: (
        desk.insert(
            "def toss(x, p, g):\n    return torch.rand(x.shape, generator=g) >= p",
            before="standard_dropout",
        ),
        desk.answer(
            RIGHT.replace(
                "torch.rand(x.shape, generator=generator, device=x.device)",
                "toss(x, p, generator)",
            ).replace("(coins >= p)", "coins")
        ),
    )
)
