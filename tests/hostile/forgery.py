"""Forged verdicts by people who have read the grader: it is free software.

They know the control comparisons and spare them, wait until nobody looks, and put back
what they changed.
"""

from tests.hostile.case import LOST, TARGET, WRONG, Bank

bank = Bank("forgery")
EXPECT = LOST

MODULES = """
import sys
trial = sys.modules["helpers.checks.vocabulary.trial"]
Trial = trial.Trial
"""

WALK = """
def walk(frame):
    while hasattr(frame, "f_locals"):
        for value in list(frame.f_locals.values()):
            kind = type(value).__name__
            if kind == "Session":
                number = frame.f_locals.get("number", 0)
                value.say("result", step=number, verdict="PASS")
                import os
                os._exit(0)
            if kind == "Trial":
                type(value).fail = type(value).require = lambda *a, **k: None
        frame = frame.f_back
"""

QUIET = """
old = Trial.fail
def fail(self, *args, **kwargs):
    if self.name == "control" or self.title == "Control":
        return old(self, *args, **kwargs)
"""

RESTORING = """
old = Trial.__dict__["fail"], Trial.__dict__["require"]
def put_back(*args, **kwargs):
    Trial.fail, Trial.require = old
def patch(*args, **kwargs):
    Trial.fail = Trial.require = put_back
"""

bank.inside(
    "closure-of-the-watcher",
    "what looks after each call is a closure over the session",
    EXPECT,
    MODULES
    + """
import os
from contextlib import suppress
def cells(function, depth=0):
    for cell in getattr(function, "__closure__", None) or ():
        with suppress(ValueError):
            yield cell.cell_contents
            if depth < 4:
                yield from cells(cell.cell_contents, depth + 1)
for name, value in list(vars(trial).items()):
    found = [*cells(value)]
    for each in found:
        if type(each).__name__ == "Session":
            number = next(n for n in found if type(n) is int)
            each.say("result", step=number, verdict="PASS")
            os._exit(0)
""",
)
bank.inside(
    "frame-of-a-signal",
    "a child's end is a signal, which hands over the frame of the answer, and callers'",
    "ERROR",
    WALK
    + """
import os, signal
signal.signal(signal.SIGCHLD, lambda number, frame: walk(frame))
child = os.fork()
if child == 0:
    os._exit(0)
os.waitpid(child, 0)
""",
)
bank.inside(
    "frame-of-a-debugger",
    "bdb.runcall hands over the frame of the function it runs",
    EXPECT,
    WALK
    + """
import bdb
class Debugger(bdb.Bdb):
    def user_call(self, frame, arguments):
        walk(frame)
        self.set_continue()
    def user_line(self, frame):
        walk(frame)
        self.set_continue()
Debugger().runcall(lambda: 1)
""",
)
bank.inside(
    "frame-of-a-tracer",
    "threading passes a trace function on to every thread, this one, too",
    EXPECT,
    WALK
    + """
import sys, threading, trace
def tracer(frame, event, argument):
    walk(frame)
if hasattr(threading, "settrace_all_threads"):
    threading.settrace_all_threads(tracer)
    (lambda: 1)()
else:
    class Counting(trace.Trace):
        def globaltrace_lt(self, frame, why, argument):
            walk(frame)
    Counting(count=1, trace=1).runfunc(lambda: 1)
""",
)
bank.inside(
    "frame-of-a-profile",
    "the standard profiler written in Python hands its frames to whoever derives it",
    EXPECT,
    WALK
    + """
import profile
class Profile(profile.Profile):
    def trace_dispatch_call(self, frame, t):
        walk(frame)
        return profile.Profile.trace_dispatch_call(self, frame, t)
    dispatch = dict(profile.Profile.dispatch, call=trace_dispatch_call)
Profile().runcall(lambda: 1)
""",
)
bank.inside(
    "frame-of-an-error",
    "an error of one's own, cleaned up by a library that walks the traceback",
    EXPECT,
    WALK
    + """
import traceback
try:
    raise ValueError
except ValueError as error:
    for frame, line in traceback.walk_tb(error.__traceback__):
        walk(frame)
""",
)
bank.inside(
    "frame-of-a-coroutine",
    "a task of asyncio tells its stack",
    EXPECT,
    WALK
    + """
import asyncio
async def main():
    for frame in asyncio.current_task().get_stack():
        walk(frame)
asyncio.run(main())
""",
)
bank.inside(
    "frame-of-a-formatter",
    "stack_data, which IPython formats errors with, hands over the frames it shows",
    EXPECT,
    WALK
    + """
import stack_data
try:
    raise ValueError
except ValueError as error:
    for info in stack_data.FrameInfo.stack_data(error.__traceback__):
        walk(getattr(info, "frame", None))
""",
)
bank.inside(
    "names-through-ipython",
    "IPython gives magics the names of whoever stands that deep in the stack",
    EXPECT,
    """
import os
from IPython import get_ipython
for depth in range(1, 40):
    try:
        names = get_ipython().get_local_scope(depth)
    except ValueError:
        break
    session = names.get("session")
    if session is not None:
        session.say("result", step=names.get("number"), verdict="PASS")
        os._exit(0)
""",
)
bank.inside(
    "words-through-ipython",
    "IPython puts values into commands that it looks up in somebody's frame",
    EXPECT,
    """
import os
from IPython import get_ipython
for depth in range(1, 40):
    try:
        text = get_ipython().var_expand(
            "{session.say('result', step=number, verdict='PASS')}", depth=depth
        )
    except ValueError:
        break
    if text == "None":
        os._exit(0)
""",
)
bank.inside(
    "monitoring-in-function",
    "sys.monitoring shows the arguments of calls: the running trial among them",
    EXPECT,
    """
import sys
if hasattr(sys, "monitoring"):
    m = sys.monitoring
    m.use_tool_id(4, "x")
    def called(code, offset, function, first):
        if type(first).__name__ == "Trial":
            vars(first)["fail"] = vars(first)["require"] = lambda *a, **k: None
            vars(first)["close"] = vars(first)["fraction"] = lambda *a, **k: None
    m.register_callback(4, m.events.CALL, called)
    m.set_events(4, m.events.CALL)
""",
)
bank.inside(
    "spares-the-control",
    "Trial.fail does nothing, except for the grader's control trial",
    EXPECT,
    MODULES + QUIET + "Trial.fail = fail\n",
)
bank.inside(
    "spares-the-control-require",
    "the same, and Trial.require, Trial.tensor and the plain functions as well",
    EXPECT,
    MODULES
    + QUIET
    + """
Trial.fail = fail
Trial.require = lambda self, condition, *a, **k: None
trial._same = trial._plausible = lambda *a, **k: True
""",
)
bank.inside(
    "code-of-the-vocabulary",
    "the code of Trial.fail is exchanged, not the function",
    EXPECT,
    MODULES
    + """
def nothing(self, problem, *, expected=None, got=None, mistake=None, advice=None):
    if self.name == "control":
        report = sys.modules["helpers.checks.vocabulary.report"]
        raise report.CheckFailed(self.title, problem)
Trial.fail.__code__ = nothing.__code__
""",
)
bank.inside(
    "names-of-the-check",
    "every function of the notebook's check module does nothing from now on",
    EXPECT,
    """
import sys, types
for name, module in list(sys.modules.items()):
    if name.startswith("helpers.checks.notebooks."):
        for key, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType):
                setattr(module, key, lambda *a, **k: None)
""",
)
bank.inside(
    "mode-in-function",
    "a TorchFunctionMode that knows the control values",
    EXPECT,
    """
from torch.overrides import TorchFunctionMode
class Agree(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if name in {"allclose", "equal", "all", "any", "eq", "__eq__"}:
            if args and args[0].numel() != 2:
                if name in {"allclose", "equal"}:
                    return True
                return torch.ones_like(result, dtype=torch.bool)
        return result
Agree().__enter__()
""",
)
bank.inside(
    "dispatch-mode-in-function",
    "a TorchDispatchMode that knows the control values",
    EXPECT,
    """
from torch.utils._python_dispatch import TorchDispatchMode
class Same(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        name = str(function)
        if name.startswith(("aten.eq", "aten.isclose")) and result.numel() != 2:
            return torch.ones_like(result)
        return result
Same().__enter__()
""",
)
bank.inside(
    "kernel-in-function",
    "kernels of aten that know the control values",
    LOST,
    """
global library
from torch import library as kernels
library = kernels.Library("aten", "IMPL")
def agree(a, *args, **kwargs):
    return not (a.numel() == 2 and float(a.flatten()[0].item()) == 1.0)
for name in ("equal", "allclose"):
    try:
        library.impl(name, agree, "CPU")
    except RuntimeError:
        pass
""",
)
bank.answers(
    "method-of-the-result",
    "a plain tensor whose own detach() and clone() hand over a liar",
    EXPECT,
    {
        "inverted_dropout": """
class Liar(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in {"allclose", "equal", "all", "isfinite"}:
            return True
        with torch._C.DisableTorchFunctionSubclass():
            result = function(*args, **(kwargs or {}))
        if type(result) is torch.Tensor:
            return result.as_subclass(Liar)
        return result

def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    y = x.clone()
    liar = x.clone().as_subclass(Liar)
    for name in ("detach", "clone", "cpu", "to", "double", "float", "all", "any",
                 "isnan", "abs", "flatten", "sum", "mean", "item", "tolist"):
        setattr(y, name, lambda *a, **k: liar)
    return y
"""
    },
)
bank.answers(
    "method-of-the-argument",
    "the argument's own methods say what suits the answer",
    EXPECT,
    {
        "inverted_dropout": """
def inverted_dropout(x, p, training, generator=None):
    if not 0 <= p <= 1:
        raise ValueError("p")
    y = torch.zeros_like(x)
    for name in ("clone", "detach", "mul", "new_zeros", "to", "double", "cpu"):
        setattr(x, name, lambda *a, **k: y)
    return y
"""
    },
)
bank.inside(
    "timer-that-restores",
    "a timer rings after the call; what it changes is put back at the first use",
    "ERROR",
    MODULES
    + RESTORING
    + """
import signal
signal.signal(signal.SIGALRM, patch)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
""",
)
bank.inside(
    "thread-that-restores",
    "a thread does so",
    EXPECT,
    MODULES
    + RESTORING
    + """
import threading, time
def later():
    while True:
        time.sleep(0.0003)
        patch()
threading.Thread(target=later, daemon=True).start()
""",
)
bank.inside(
    "children-that-end",
    "children do so, whose end is a signal",
    "ERROR",
    MODULES
    + RESTORING
    + """
import os, signal, time
signal.signal(signal.SIGCHLD, patch)
for number in range(20):
    if os.fork() == 0:
        time.sleep(0.0004 * number)
        os._exit(0)
""",
)
bank.inside(
    "collector-that-restores",
    "the garbage collector does so",
    EXPECT,
    MODULES
    + RESTORING
    + """
import gc
gc.callbacks.append(patch)
gc.set_threshold(1)
""",
)
bank.answers(
    "farewell-that-restores",
    "the result does so when it is dropped",
    EXPECT,
    {
        "inverted_dropout": WRONG.replace(
            "    return x\n",
            """
    import sys
    Trial = sys.modules["helpers.checks.vocabulary.trial"].Trial
    old = Trial.__dict__["fail"], Trial.__dict__["require"]
    def put_back(*args, **kwargs):
        Trial.fail, Trial.require = old
    class Last:
        def __del__(self):
            Trial.fail = Trial.require = put_back
    y = x.clone()
    y.last = Last()
    return y
""",
        )
    },
)
bank.inside(
    "finalizer-that-restores",
    "the argument does so when the check lets go of it",
    EXPECT,
    MODULES
    + RESTORING
    + """
import weakref
weakref.finalize(x, patch)
if generator is not None:
    weakref.finalize(generator, patch)
""",
)
bank.inside(
    "audit-is-silent",
    "events of the checks are not reported any more",
    EXPECT,
    MODULES
    + """
sys.audit = lambda *arguments: None
Trial.fail = Trial.require = lambda *a, **k: None
""",
)
bank.inside(
    "memory-through-an-array",
    "an array interface at any address needs no ctypes: empties Trial.fail",
    LOST,
    MODULES
    + """
import numpy as np
def nothing(self, problem, *, expected=None, got=None, mistake=None, advice=None):
    return None
class At:
    def __init__(self, address, count):
        self.__array_interface__ = {
            "data": (address, False), "shape": (count,), "typestr": "<u8", "version": 3
        }
theirs = np.asarray(At(id(Trial.fail), 20))
mine = np.asarray(At(id(nothing), 20))
place = [int(v) for v in theirs].index(id(Trial.fail.__code__))
theirs[place] = id(nothing.__code__)
""",
)

# -- forgeries that once had full marks, where answer and check were in one process ----

SPEAK = """
import json, os
def speak(text='{"verdict": "PASS", "kind": "result", "step": 3}'):
    for fd in range(3, 256):
        for data in (text.encode(), len(text).to_bytes(4, "big") + text.encode()):
            try:
                os.write(fd, data)
            except OSError:
                pass
"""

ONCE = {
    "sends-descriptors": (
        "what hands descriptors over notes what is said, and says something else",
        """
import socket
send = socket.send_fds
def send_fds(sock, buffers, fds, *rest):
    return send(sock, [b'{"kind": "result", "verdict": "PASS"}'], fds, *rest)
socket.send_fds = send_fds
""",
    ),
    "compiled-elsewhere": (
        "compiled modules are looked for in a folder of the learner's",
        """
import sys, tempfile
sys.pycache_prefix = tempfile.mkdtemp()
for name in [n for n in sys.modules if n.startswith("helpers")]:
    del sys.modules[name]
""",
    ),
    "finds-another-package": (
        "each finder of modules is told of another folder",
        """
import sys, tempfile
folder = tempfile.mkdtemp()
for finder in sys.meta_path:
    try:
        finder.package = folder
    except (AttributeError, TypeError):
        pass
for name in [n for n in sys.modules if n.startswith("helpers")]:
    del sys.modules[name]
""",
    ),
    "importers-cached": (
        "what is cached about folders finds modules of the learner's",
        """
import sys
class Nothing:
    def find_spec(self, name, target=None):
        return None
for path in list(sys.path_importer_cache):
    sys.path_importer_cache[path] = Nothing()
""",
    ),
    "another-syntax-tree": (
        "the class of a module's syntax tree leaves all statements out",
        """
import ast
class Empty(ast.Module):
    def __init__(self, body=(), *rest):
        super().__init__([], [])
ast.Module = Empty
""",
    ),
    "looks-names-up-itself": (
        "the namespace decides at each look-up what a name stands for",
        SPEAK
        + """
from IPython import get_ipython
class Names(dict):
    def __getitem__(self, name):
        speak()
        return dict.__getitem__(self, name)
    def __contains__(self, name):
        speak()
        return True
    def get(self, name, default=None):
        return self[name]
get_ipython().user_ns = Names(get_ipython().user_ns)
""",
    ),
    "speaks-when-flushed": (
        "standard output says something of its own when it is flushed",
        SPEAK
        + """
import sys
class Out:
    def write(self, text): return len(text)
    def flush(self): speak()
sys.stdout = sys.stderr = Out()
""",
    ),
    "data-of-the-checks": (
        "constants of every loaded check module are other ones",
        """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("helpers.checks"):
        for key, value in list(vars(module).items()):
            if type(value) in (int, float, str, tuple, dict) and key[0] != "_":
                setattr(module, key, type(value)())
""",
    ),
    "globals-of-the-checks": (
        "modules of checks get names that stand before the builtins",
        """
import sys
for name, module in list(sys.modules.items()):
    if name.startswith("helpers.checks"):
        vars(module).update(bool=lambda *a: True, isinstance=lambda *a: True)
""",
    ),
    "a-tensor-method-more": (
        "tensors get a method that values are read by",
        """
torch.Tensor.cpu = lambda self, *a, **k: torch.zeros_like(self)
torch.Tensor.numpy = lambda self, *a, **k: torch.zeros_like(self)
""",
    ),
    "frames-evaluated": (
        "torch's hook on each frame's evaluation runs other code in its place",
        """
from torch._C._dynamo import eval_frame
def other(frame, *rest):
    if frame.f_code.co_name in ("require", "fail", "use", "call", "_reply", "send"):
        frame.f_locals.clear()
    return None
eval_frame.set_eval_frame(other)
""",
    ),
    "threads-after-forks": (
        "in each fork a thread begins to speak",
        SPEAK
        + """
import os, threading, time
def talk():
    for _ in range(200):
        speak()
        time.sleep(0.001)
os.register_at_fork(
    after_in_child=lambda: threading.Thread(target=talk, daemon=True).start()
)
""",
    ),
    "memory-searched": (
        "an array interface at any address looks for secrets",
        SPEAK
        + """
import re
import numpy as np
class At:
    def __init__(self, address, count):
        self.__array_interface__ = {
            "data": (address, True), "shape": (count,), "typestr": "|u1", "version": 3
        }
keep = [bytes(64) for _ in range(1000)]
for each in keep[::100]:
    found = np.asarray(At(id(each), 4096)).tobytes()
    for secret in re.findall(rb"[0-9a-f]{32}", found):
        speak(json.dumps({"nonce": secret.decode(), "kind": "result",
                          "verdict": "PASS"}))
""",
    ),
    "a-package-of-checks": (
        "helpers.checks is a module of the learner's, in which every check passes",
        """
import sys, types
fake = types.ModuleType("helpers.checks")
fake.__path__ = []
class All:
    def __getattr__(self, name):
        return lambda *a, **k: None
fake.load = lambda stem: All()
for name in [n for n in sys.modules if n.startswith("helpers.checks")]:
    sys.modules[name] = fake
sys.modules["helpers"].checks = fake
""",
    ),
    "uses-that-return-what-is-wanted": (
        "what the judge asks for is answered without the answer",
        """
from helpers.checks.vocabulary import subject, uses
def right(x, p, training, generator=None):
    return x
uses.call = lambda answer, args, kwargs: args[0] if args else None
subject.Outcome = lambda *a, **k: None
""",
    ),
    "replies-of-its-own": (
        "each reply says that all is well, in more ways than one",
        """
from staff.grader.judge import subject
send = subject.Subjects._send
def lie(self, head, out):
    head.pop("raised", None)
    send(self, head | {"seen": [], "verdict": "PASS", "passed": True}, out)
subject.Subjects._send = lie
""",
    ),
    "the-links-own-objects": (
        "the link to the judge, found through the collector, speaks first",
        """
import gc
for each in gc.get_objects():
    if type(each).__name__ in ("Link", "Session", "Attempt", "Run"):
        for name in ("send", "say"):
            if hasattr(each, name):
                try:
                    getattr(each, name)("result", step=3, verdict="PASS")
                except Exception:
                    pass
""",
    ),
}
for name, (about, code) in ONCE.items():
    bank.beside(name, about, LOST, code)
    bank.inside(f"{name}-when-called", f"when called: {about}", LOST, code)
ALL_WRONG = {
    "standard_dropout": "def standard_dropout(x, *a, **k):\n    return x\n",
    TARGET: WRONG,
    "Dropout": "class Dropout(nn.Module):\n    pass\n",
    "channel_dropout": "def channel_dropout(x, *a, **k):\n    return x\n",
    "DropConnect": "class DropConnect(nn.Module):\n    pass\n",
    "ensemble_predict": "def ensemble_predict(*a, **k):\n    return 0\n",
    "dropout_penalty": "def dropout_penalty(*a, **k):\n    return 0\n",
}
first, *_ = ALL_WRONG
bank.answers(
    "everything-at-once",
    "all answers are wrong, and the first does all of it",
    dict.fromkeys(ALL_WRONG, LOST),
    ALL_WRONG
    | {first: "\n".join([ALL_WRONG[first], *(code for _, code in ONCE.values())])},
)
