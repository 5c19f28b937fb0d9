"""Wrong answers that try to be taken for right ones by changing what judges them."""

from tests.hostile.case import LOST, RIGHT, TARGET, WRONG, Bank

__all__ = ["bank"]

bank = Bank("tampering")
LATER = "channel_dropout"
LATER_WRONG = """
def channel_dropout(x, p, training, generator=None):
    return x
"""

# -- values that lie ---------------------------------------------------------------

bank.inside(
    "always-equal",
    "returns an object that equals everything",
    "FAIL",
    """
    class Yes:
        def __eq__(self, other): return True
        def __ne__(self, other): return False
        def __bool__(self): return True
        __hash__ = object.__hash__
        def __getattr__(self, name): return self
        def __call__(self, *args, **kwargs): return self
        def __iter__(self): return iter([self])
        def __float__(self): return 1.0
        __lt__ = __le__ = __gt__ = __ge__ = __eq__
    return Yes()
    """,
)
LIAR = """
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in {"allclose", "equal", "isfinite", "all", "any", "__eq__", "eq"}:
            return True
        with torch._C.DisableTorchFunctionSubclass():
            return function(*args, **(kwargs or {}))
"""
bank.answers(
    "lying-subclass",
    "returns a tensor subclass that says yes to every comparison",
    "FAIL TAMPERED ERROR",
    {TARGET: LIAR + WRONG.replace("return x", "return x.as_subclass(Liar)")},
)
bank.answers(
    "lying-dispatch",
    "returns a subclass that forges its numbers in __torch_dispatch__",
    "FAIL TAMPERED ERROR",
    {
        TARGET: """
class Forged(torch.Tensor):
    @staticmethod
    def __new__(cls, value):
        return torch.Tensor._make_wrapper_subclass(
            cls, value.shape, dtype=value.dtype, requires_grad=value.requires_grad
        )

    @classmethod
    def __torch_dispatch__(cls, function, types, args=(), kwargs=None):
        return torch.ones(())

def inverted_dropout(x, p, training, generator=None):
    return Forged(x)
"""
    },
)
bank.answers(
    "callable-object",
    "the answer is an object with __call__ that lies about its type",
    "FAIL",
    {
        TARGET: """
class Answer:
    __class__ = type(lambda: None)
    __name__ = "inverted_dropout"
    def __call__(self, x, *args, **kwargs): return x
    def __instancecheck__(self, other): return True

inverted_dropout = Answer()
"""
    },
)
bank.answers(
    "metaclass",
    "the answer is a class whose metaclass answers every question with yes",
    "FAIL",
    {
        TARGET: """
class Meta(type):
    def __eq__(cls, other): return True
    def __call__(cls, x, *args, **kwargs): return x
    def __instancecheck__(cls, other): return True
    def __subclasscheck__(cls, other): return True
    def __bool__(cls): return True
    __hash__ = type.__hash__

class inverted_dropout(metaclass=Meta):
    pass
"""
    },
)
bank.inside(
    "subclassed-argument",
    "changes the class of the tensor it was given",
    LOST,
    """
    class Mine(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return True
    x.__class__ = Mine
    """,
)
bank.inside(
    "moves-the-goal",
    "shares memory with the reference it is compared to, and rewrites that",
    LOST,
    """
    import gc
    for each in gc.get_objects():
        if type(each) is torch.Tensor and each is not x and each.shape == x.shape:
            each.data = x.data
    """,
)
bank.inside(
    "knows-the-seed",
    "reseeds the check's own generator, found through its frame",
    LOST,
    """
    import sys
    frame = sys._getframe()
    while frame:
        trial = frame.f_locals.get("t")
        if trial is not None and hasattr(trial, "random"):
            trial.random.seed(0)
            trial._draws.manual_seed(0)
        frame = frame.f_back
    """,
)
bank.inside(
    "silences-the-trial",
    "replaces the methods of the Trial that calls it, found through its frame",
    LOST,
    """
    import sys
    frame, yes = sys._getframe(), lambda *args, **kwargs: True
    while frame:
        for trial in [frame.f_locals.get("t"), frame.f_locals.get("self")]:
            if hasattr(trial, "_draws"):
                for name in ["fail", "require", "close", "fraction", "draws", "raises"]:
                    setattr(trial, name, yes)
        frame = frame.f_back
    """,
)
bank.inside(
    "silences-the-vocabulary",
    "replaces the methods of the class Trial, found through a frame",
    LOST,
    """
    import sys
    frame = sys._getframe()
    while frame:
        for trial in [frame.f_locals.get("t"), frame.f_locals.get("self")]:
            if type(trial).__name__ == "Trial":
                for name in ["fail", "require", "close", "fraction", "_raised"]:
                    setattr(type(trial), name, lambda *args, **kwargs: None)
        frame = frame.f_back
    """,
)
bank.inside(
    "rewrites-frame-locals",
    "finds the check's frame and rewrites the answer that it tests",
    LOST,
    """
    import ctypes, sys
    def good(x, p, training, generator=None):
        return torch.nn.functional.dropout(x, p, training)
    frame = sys._getframe(1)
    while frame:
        for name in ("answer", "inverted_dropout"):
            if name in frame.f_locals:
                frame.f_locals[name] = good
                ctypes.pythonapi.PyFrame_LocalsToFast(
                    ctypes.py_object(frame), ctypes.c_int(0)
                )
        frame = frame.f_back
    """,
)
bank.inside(
    "rewrites-module-in-frames",
    "replaces the functions of the check module, found through frames",
    LOST,
    """
    import sys
    frame = sys._getframe()
    while frame:
        where = frame.f_globals
        if "checks" in where.get("__name__", ""):
            for name, value in list(where.items()):
                if callable(value) and not name.startswith("__"):
                    where[name] = lambda *args, **kwargs: None
        frame = frame.f_back
    """,
)
bank.inside(
    "changes-the-code",
    "swaps the code object of the check that is running",
    LOST,
    """
    import sys
    frame = sys._getframe()
    while frame:
        for value in list(frame.f_globals.values()):
            if getattr(value, "__module__", "") == "helpers.checks.vocabulary.trial":
                try:
                    value.__code__ = (lambda *args, **kwargs: True).__code__
                except (AttributeError, TypeError, ValueError):
                    pass
        frame = frame.f_back
    """,
)

# -- patched for good, at cell level -----------------------------------------------

PATCHES = {
    "torch-allclose": "torch.allclose = lambda *args, **kwargs: True",
    "torch-equal": "torch.equal = lambda *args, **kwargs: True",
    "torch-testing": "torch.testing.assert_close = lambda *args, **kwargs: None",
    "tensor-eq": "torch.Tensor.__eq__ = torch.Tensor.__ne__ = lambda *args: True",
    "tensor-all": "torch.Tensor.all = torch.Tensor.any = lambda *a, **k: True",
    "tensor-bool": "torch.Tensor.__bool__ = lambda self: True",
    "tensor-item": "torch.Tensor.item = lambda self: 0.0",
    "tensor-clone": "torch.Tensor.clone = lambda self, **k: self",
    "torch-rand": "torch.rand = torch.randn = lambda *a, **k: torch.ones(1)",
    "torch-generator": "torch.Generator = lambda *a: None",
    "functional": "torch.nn.functional.dropout = lambda x, *a, **k: x",
    "builtin-isinstance": "import builtins; builtins.isinstance = lambda a, b: True",
    "builtin-bool": "import builtins; builtins.bool = lambda value=0: True",
    "builtin-all": "import builtins; builtins.all = builtins.any = lambda x: True",
    "builtin-abs": "import builtins; builtins.abs = lambda x: 0",
    "builtin-len": "import builtins; builtins.len = lambda x: 1",
    "builtin-print": "import builtins; builtins.print = lambda *a, **k: None",
    "builtin-open": (
        "import builtins, io\nbuiltins.open = lambda *a, **k: io.StringIO()"
    ),
    "builtin-type": "import builtins; builtins.type = lambda x, *a: int",
    "builtin-import": (
        "import builtins, types; old = builtins.__import__\n"
        "builtins.__import__ = lambda name, *a: "
        "types.ModuleType(name) if 'checks' in name else old(name, *a)"
    ),
    "builtin-exec": (
        "import builtins\nbuiltins.exec = builtins.compile = lambda *a, **k: None"
    ),
    "builtin-build-class": (
        "import builtins; old = builtins.__build_class__\n"
        "builtins.__build_class__ = lambda *a, **k: old(*a, **k)"
    ),
    "builtin-assertion-error": "import builtins; builtins.AssertionError = ValueError",
    "builtin-base-exception": "import builtins\nbuiltins.BaseException = KeyError",
    "math-isclose": "import math; math.isclose = lambda *a, **k: True",
    "math-log": "import math; math.log = math.sqrt = lambda *a: 0.0",
    "random": "import random; random.Random.getrandbits = lambda self, k: 0",
    "json": 'import json\njson.dumps = lambda *a, **k: \'{"verdict": "PASS"}\'',
    "os-write": "import os; old = os.write; os.write = lambda fd, data: old(fd, data)",
    "os-exit": "import os; os._exit = lambda status: None",
    "os-fork": "import os; os.fork = lambda: 1",
    "pickle": "import pickle; pickle.dumps = lambda *a, **k: b'PASS'",
    "time": "import time; time.monotonic = time.time = lambda: 0.0",
    "sys-exc-info": "import sys; sys.exc_info = lambda: (None, None, None)",
    "traceback": "import traceback\ntraceback.format_exc = lambda *a: 'PASS'",
    "importlib": (
        "import importlib.util as u\n"
        "u.spec_from_file_location = lambda *a, **k: u.find_spec('math')"
    ),
    "hmac": "import hmac, secrets\nhmac.compare_digest = lambda a, b: True",
}
for name, code in PATCHES.items():
    bank.beside(
        f"patched-{name}",
        f"a wrong answer that replaces {name.replace('-', ' ')}",
        LOST,
        code,
    )
for name in ("torch-allclose", "tensor-eq", "builtin-isinstance", "builtin-all"):
    bank.inside(
        f"patched-when-called-{name}",
        f"replaces {name.replace('-', ' ')} when called",
        "TAMPERED FAIL CRASHED" if name == "tensor-eq" else LOST,
        PATCHES[name],
    )
    bank.answers(
        f"patched-for-later-{name}",
        f"a right answer that replaces {name.replace('-', ' ')} for a later, wrong one",
        {TARGET: "PASS TAMPERED CRASHED", LATER: LOST},
        {TARGET: f"{RIGHT}\n\n{PATCHES[name]}", LATER: LATER_WRONG},
    )
bank.beside(
    "patched-in-c",
    "overwrites the C slots of float with those of a class that agrees",
    LOST,
    """
    import ctypes
    class Agree:
        def __eq__(self, other): return True
    size = 25 * 8
    slot = 8 * 8 + 17 * 8
    ctypes.memmove(id(float) + slot, id(Agree) + slot, 8)
    """,
)
bank.beside(
    "mutated-true",
    "turns the constant False into True in memory",
    LOST,
    """
    import ctypes
    ctypes.memmove(id(False) + 24, id(True) + 24, 4)
    ctypes.memmove(id(False) + 16, id(True) + 16, 8)
    """,
)
bank.beside(
    "mutated-small-int",
    "turns 0 into 1 in memory",
    LOST,
    "import ctypes; ctypes.c_uint32.from_address(id(0) + 24).value = 1",
)

# -- the check modules -------------------------------------------------------------

CHECKS = {
    "check-failed": (
        "from helpers.checks import CheckFailed\n"
        "CheckFailed.__init__ = lambda self, *a, **k: None"
    ),
    "check-failed-mro": (
        "import helpers.checks.vocabulary.report as r, helpers.checks as c\n"
        "import helpers.checks.vocabulary.trial as t\n"
        "class Quiet(Warning):\n    def __init__(self, *a, **k): pass\n"
        "r.CheckFailed = c.CheckFailed = t.CheckFailed = Quiet"
    ),
    "trial-fail": (
        "from helpers.checks import Trial\n"
        "Trial.fail = Trial.require = lambda *a, **k: None"
    ),
    "trial-all": (
        "from helpers.checks import Trial\n"
        "for name in dir(Trial):\n"
        "    if not name.startswith('__'):\n"
        "        setattr(Trial, name, lambda *a, **k: torch.ones(1))"
    ),
    "trial-agree": (
        "import helpers.checks.vocabulary.trial as t\n"
        "t._agree = t._same = lambda *a: True"
    ),
    "exercise": (
        "import helpers.checks as c\n"
        "c.exercise = lambda *a, **k: lambda body: lambda *a, **k: None"
    ),
    "load": (
        "import helpers.checks as c, types\n"
        "c.load = lambda stem: types.SimpleNamespace(\n"
        "    inverted_dropout=lambda *a, **k: print('✓'))"
    ),
    "folder": "import helpers.checks as c, pathlib\nc._FOLDER = pathlib.Path('/tmp')",
    "coins": (
        "import helpers.checks.vocabulary.coins as c\n"
        "c.independent = c.survivors = c.kept = lambda *a, **k: torch.ones(9, 9).bool()"
    ),
    "sys-modules": (
        "import sys, types\n"
        "fake = types.ModuleType('helpers.checks')\n"
        "fake.load = lambda stem: types.SimpleNamespace(\n"
        "    inverted_dropout=lambda *a, **k: None)\n"
        "sys.modules['helpers.checks'] = fake"
    ),
    "sys-modules-deleted": (
        "import sys\n"
        "for name in [n for n in sys.modules if n.startswith('helpers')]:\n"
        "    del sys.modules[name]"
    ),
    "progress": (
        "import helpers.study.progress\n"
        "helpers.study.progress.record = lambda *a: __import__('os')._exit(0)"
    ),
    "shadowing-folder": (
        "import os, sys\nos.makedirs('helpers/checks', exist_ok=True)\n"
        "open('helpers/__init__.py', 'w').close()\n"
        "with open('helpers/checks/__init__.py', 'w') as file:\n"
        "    file.write('class L:\\n'\n"
        "        ' inverted_dropout = staticmethod(lambda *a, **k: 0)\\n'\n"
        "               'load = lambda stem: L')\n"
        "sys.path.insert(0, os.getcwd())\n"
        "for name in [n for n in sys.modules if n.startswith('helpers')]:\n"
        "    del sys.modules[name]"
    ),
    "poisoned-source": (
        "import helpers.checks as c, pathlib\n"
        "for path in pathlib.Path(c.__file__).parent.glob('*.py'):\n"
        "    try:\n"
        "        path.write_text('def inverted_dropout(*a, **k): pass')\n"
        "    except OSError:\n        pass"
    ),
}
for name, code in CHECKS.items():
    bank.beside(
        f"checks-{name}",
        f"a wrong answer that changes helpers.checks: {name.replace('-', ' ')}",
        LOST,
        code,
    )

# -- names of the notebook ---------------------------------------------------------

FAKE = "type('Fake', (), {'inverted_dropout': staticmethod(lambda *a, **k: None)})"
bank.beside(
    "redefined-check", "rebinds check to one that agrees", "FAIL", f"check = {FAKE}"
)
bank.beside(
    "redefined-load",
    "rebinds load as well",
    "FAIL",
    f"check = {FAKE}\nload = lambda stem: check",
)
bank.beside(
    "redefined-both-right",
    "a right answer that rebinds check",
    "PASS",
    "check = load = 3",
    RIGHT,
)
bank.beside("deleted-check", "deletes check and load", "PASS", "del check, load", RIGHT)
bank.beside(
    "deleted-check-wrong",
    "a wrong answer deletes check and load",
    "FAIL",
    "del check, load",
)
REST = {"*": "PASS ERROR FAIL", "standard_dropout": "PASS"}  # later cells miss names
bank.beside(
    "deleted-fixtures",
    "deletes every name that the notebook has defined but its own",
    REST | {TARGET: "PASS"},
    """
    for name in list(globals()):
        if not name.startswith("_") and name not in {"inverted_dropout", "torch"}:
            if name not in {"standard_dropout", "get_ipython"}:
                del globals()[name]
    """,
    RIGHT,
)
bank.instead(
    "reset-magic",
    "%reset -f after the answer",
    REST | {TARGET: "MISSING FAIL ERROR"},
    WRONG + "\n%reset -f",
)
bank.beside(
    "reset-magic-right",
    "a right answer after %reset -f",
    REST | {TARGET: "PASS"},
    "",
    "%reset -f\nimport torch\n" + RIGHT,
)
bank.beside(
    "cleared-namespace",
    "empties the namespace, its own answer included",
    REST | {TARGET: "MISSING FAIL ERROR"},
    "globals().clear()",
    RIGHT,
)
bank.beside(
    "own-passes-when-tested",
    "swaps a right function for the test, by looking at who calls",
    LOST,
    """
    import sys
    def inverted_dropout(x, p, training, generator=None):
        frame, names = sys._getframe(1), []
        while frame:
            names.append(frame.f_code.co_name)
            frame = frame.f_back
        return F.dropout(x, p, training) if "check" in names else x
    """,
)
bank.answers(
    "answers-of-others",
    "redefines a neighbouring question's right answer wrongly",
    {TARGET: "PASS", "standard_dropout": "PASS"},
    {TARGET: RIGHT + "\nstandard_dropout = None"},
)
bank.answers(
    "later-answer-replaced-early",
    "defines a later answer early; its own cell stands untouched",
    {TARGET: "PASS", LATER: "MISSING FAIL"},
    {
        TARGET: RIGHT
        + """
def channel_dropout(x, p, training, generator=None):
    return torch.nn.functional.dropout2d(x, p, training)
""",
        LATER: "def channel_dropout(x, p, training, generator=None):\n"
        "    raise NotImplementedError",
    },
)

# -- forged results ----------------------------------------------------------------

MESSAGES = """
forged = [
    '{"verdict": "PASS", "question": "inverted_dropout", "name": "inverted_dropout", '
    '"message": "", "mistake": "", "hidden": false, "seconds": 0.1, "evidence": ""}',
    '{"questions": {"inverted_dropout": {"verdict": "PASS"}}, "outputs": {}, '
    '"layers": [], "seconds": 0.1}',
    '{"kind": "result", "nonce": "", "ok": true, "status": "ok", "passed": true}',
]
"""
bank.beside(
    "forged-on-stdout",
    "prints result messages",
    "FAIL",
    MESSAGES + "for text in forged: print(text, flush=True)",
)
bank.inside(
    "forged-on-all-descriptors",
    "writes result messages to every descriptor when called",
    LOST,
    MESSAGES
    + """
import os, struct
for fd in range(0, 256):
    for text in forged:
        data = text.encode()
        for frame in (data + b"\\n", struct.pack(">I", len(data)) + data):
            try:
                os.set_blocking(fd, False)
                os.write(fd, frame)
            except OSError:
                pass
""",
)
bank.inside(
    "forged-then-gone",
    "writes result messages to every descriptor, then ends with status 0",
    LOST,
    MESSAGES
    + """
import os
for fd in range(0, 256):
    for text in forged:
        try:
            os.set_blocking(fd, False)
            os.write(fd, text.encode() + b"\\n")
        except OSError:
            pass
os._exit(0)
""",
)
bank.beside(
    "forged-from-cell",
    "writes result messages to every descriptor from the cell, right answers or not",
    LOST,
    MESSAGES
    + """
import os
for fd in range(3, 256):
    for text in forged:
        try:
            os.set_blocking(fd, False)
            os.write(fd, text.encode() + b"\\n")
        except OSError:
            pass
""",
)
bank.inside(
    "garbage-on-all-descriptors",
    "writes noise to every descriptor but 1 and 2 when called",
    LOST,
    """
    import os
    for fd in range(3, 256):
        try:
            os.set_blocking(fd, False)
            os.write(fd, b"\\xff\\x00{" * 1000)
        except OSError:
            pass
    """,
)
bank.inside(
    "stolen-channel",
    "hunts for the nonce with gc and sends a pass with it",
    LOST,
    r"""
    import gc, json, os, re
    found = set()
    for each in gc.get_objects():
        if isinstance(each, dict):
            for key, value in list(each.items())[:500]:
                if isinstance(value, (str, bytes)) and "nonce" in str(key).lower():
                    found.add(value if isinstance(value, str) else value.hex())
                if isinstance(value, str) and re.fullmatch("[0-9a-f]{16,64}", value):
                    found.add(value)
    for fd in range(3, 64):
        for nonce in found:
            text = {"nonce": nonce, "verdict": "PASS", "question": "inverted_dropout"}
            try:
                os.set_blocking(fd, False)
                os.write(fd, json.dumps(text).encode() + b"\n")
            except OSError:
                pass
    """,
)
bank.inside(
    "channel-through-proc",
    "opens the descriptors of its ancestors through /proc and writes a pass",
    LOST,
    MESSAGES
    + """
import glob, os
for path in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        if os.readlink(path).startswith(("pipe:", "socket:")):
            fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            for text in forged:
                os.write(fd, text.encode() + b"\\n")
            os.close(fd)
    except OSError:
        pass
""",
)
bank.inside(
    "memory-of-parent",
    "reads and writes the memory of its parent",
    LOST,
    """
    import os
    for pid in {os.getppid(), 1}:
        try:
            with open(f"/proc/{pid}/maps") as maps:
                spans = [line.split()[0] for line in maps if "rw-p" in line][:20]
            with open(f"/proc/{pid}/mem", "r+b", 0) as memory:
                for span in spans:
                    low, high = (int(end, 16) for end in span.split("-"))
                    memory.seek(low)
                    data = memory.read(min(high - low, 1 << 20))
                    at = data.find(b"FAIL")
                    if at >= 0:
                        memory.seek(low + at)
                        memory.write(b"PASS")
        except OSError:
            pass
    """,
)
bank.inside(
    "prints-tick",
    "prints the line of a passed check and leaves with status 0",
    "FAIL CRASHED ERROR",
    'print("✓ Exercise 2.2 · inverted_dropout: right.")\nraise SystemExit(0)',
)
bank.inside(
    "forged-check-failed",
    "raises a CheckFailed of its own making, with another question's title",
    "ERROR",
    """
    from helpers.checks import CheckFailed
    raise CheckFailed("Exercise 2.1 · standard_dropout", "forged", mistake="not-there")
    """,
)
bank.inside(
    "forged-not-attempted",
    "raises NotImplementedError so as to count as not attempted",
    "MISSING FAIL",
    "raise NotImplementedError",
)
