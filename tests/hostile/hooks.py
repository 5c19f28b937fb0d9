"""Wrong answers that hook into IPython, the interpreter or the operating system."""

from tests.hostile.case import LOST, RIGHT, TARGET, WRONG, Bank

__all__ = ["bank"]

bank = Bank("hooks")
LATER = "DropConnect"

# -- IPython -----------------------------------------------------------------------

DROP_CALLS = """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
    def visit_Expr(self, node):
        return ast.Pass() if "check" in ast.dump(node) else node
get_ipython().ast_transformers.append(Drop())
"""
bank.beside(
    "ast-transformer",
    "an AST transformer drops asserts and checks",
    LOST,
    DROP_CALLS,
)
bank.answers(
    "ast-transformer-for-later",
    "the transformer serves a later, wrong answer",
    {TARGET: "PASS TAMPERED", LATER: LOST},
    {
        TARGET: RIGHT + DROP_CALLS,
        LATER: "class DropConnect:\n    def __init__(self, linear, p): pass\n",
    },
)
bank.beside(
    "input-transformer",
    "an input transformer replaces test cells by pass",
    LOST,
    """
    def blank(lines):
        return ["pass\\n"] if any("check" in line for line in lines) else lines
    ip = get_ipython()
    ip.input_transformers_post.append(blank)
    ip.input_transformers_cleanup.append(blank)
    ip.input_transformer_manager.cleanup_transforms.insert(0, blank)
    """,
)
bank.beside(
    "custom-exception-handler",
    "set_custom_exc swallows every exception",
    LOST,
    "get_ipython().set_custom_exc((Exception,), lambda *a, **k: [])",
)
bank.beside(
    "show-traceback",
    "showtraceback says nothing",
    LOST,
    "get_ipython().showtraceback = get_ipython()._showtraceback = lambda *a, **k: None",
)
bank.beside(
    "run-cell",
    "run_cell and run_code do nothing from now on",
    LOST,
    """
    import types
    ip = get_ipython()
    quiet = types.SimpleNamespace(success=True, error_in_exec=None, result=None,
        error_before_exec=None, raise_error=lambda: None)
    for name in ("run_cell", "run_code", "run_ast_nodes", "ex"):
        setattr(type(ip), name, lambda *a, **k: quiet)
        try:
            setattr(ip, name, lambda *a, **k: quiet)
        except Exception:
            pass
    """,
)
bank.beside(
    "event-callback",
    "a callback swaps the answer before each cell runs",
    LOST,
    """
    def swap(*args):
        globals()["check"] = globals()["load"] = lambda *a, **k: None
    for event in ("pre_execute", "pre_run_cell", "post_run_cell"):
        get_ipython().events.register(event, swap)
    """,
)
bank.beside(
    "display-hook",
    "the display hook ends the process",
    LOST,
    """
    import os, sys
    sys.displayhook = lambda value: os._exit(0)
    get_ipython().displayhook = sys.displayhook
    """,
)
bank.beside(
    "formatter",
    "a formatter for exceptions rewrites the namespace",
    LOST,
    """
    formatter = get_ipython().display_formatter.formatters["text/plain"]
    formatter.for_type(object, lambda *a: "✓")
    """,
)
bank.beside(
    "extension",
    "loads an extension that removes the exception's class",
    "FAIL TAMPERED ERROR",
    """
    import pathlib, sys
    pathlib.Path("quiet_ext.py").write_text(
        "def load_ipython_extension(ip):\\n    ip.compile = lambda *a, **k: None\\n"
    )
    sys.path.insert(0, ".")
    get_ipython().run_line_magic("load_ext", "quiet_ext")
    """,
)
bank.beside(
    "namespace-that-lies",
    "swaps the class of the shell for one that lies",
    "FAIL TAMPERED ERROR",
    """
    class Liar(dict):
        def __getitem__(self, key):
            if "check" in key:
                return lambda *a, **k: None
            return super().__getitem__(key)
    ip = get_ipython()
    ip.user_ns = Liar(ip.user_ns)
    ip.user_module.__dict__["check"] = lambda *a: None
    """,
)
bank.instead(
    "cell-magic",
    "a cell magic swallows the cell",
    "MISSING ERROR FAIL",
    "%%capture\n" + WRONG,
)
bank.instead(
    "bash-magic",
    "a shell cell ends the shell's process group",
    "MISSING ERROR CRASHED FAIL TAMPERED",
    "%%bash\nkill -9 0",
)
bank.instead(
    "system-call",
    "a shell escape, then a wrong answer",
    "FAIL ERROR",
    '!echo \'{"verdict": "PASS"}\' >&2\n' + WRONG,
)
bank.beside(
    "history",
    "rewrites In, Out and the history",
    LOST,
    "In.clear(); Out.clear(); get_ipython().history_manager.input_hist_raw[:] = ['']",
)

# -- interpreter -------------------------------------------------------------------

TRACE = """
import sys
def trace(frame, event, arg):
    if event == "call" and frame.f_code.co_name in {"fail", "require", "_agree"}:
        frame.f_locals["condition"] = True
        frame.f_trace_lines = True
    if "checks" in frame.f_code.co_filename and event == "line":
        try:
            frame.f_lineno = frame.f_code.co_firstlineno + 1
        except ValueError:
            pass
    return trace
"""
bank.beside(
    "settrace",
    "a trace function jumps over the checks",
    LOST,
    TRACE + "sys.settrace(trace)",
)
bank.inside(
    "settrace-in-function",
    "the same, set on the caller's frames",
    LOST,
    TRACE
    + (
        "sys.settrace(trace)\n"
        "frame = sys._getframe()\n"
        "while frame:\n"
        "    frame.f_trace = trace; frame = frame.f_back"
    ),
)
bank.beside(
    "setprofile",
    "a profile function rewrites results",
    LOST,
    """
    import sys, threading
    def profile(frame, event, arg):
        if frame.f_code.co_name == "require":
            frame.f_locals["condition"] = True
    sys.setprofile(profile); threading.setprofile(profile)
    """,
)
bank.beside(
    "monitoring",
    "sys.monitoring changes state whenever a check function starts",
    LOST,
    """
    import sys
    if hasattr(sys, "monitoring"):
        m = sys.monitoring
        m.use_tool_id(4, "x")
        def start(code, offset):
            if code.co_name == "fail":
                raise SystemExit(0)
        m.register_callback(4, m.events.PY_START, start)
        m.set_events(4, m.events.PY_START)
    else:
        sys.settrace(lambda frame, event, arg: None)
    """,
)
bank.beside(
    "audit-hook",
    "an audit hook raises when the check is imported",
    "FAIL TAMPERED ERROR",
    """
    import sys
    def hook(event, args):
        if event == "import" and "checks" in str(args[0]):
            raise SystemExit(0)
    sys.addaudithook(hook)
    """,
)
bank.beside(
    "excepthook",
    "hooks for unhandled exceptions leave with status 0",
    LOST,
    """
    import os, sys, threading
    sys.excepthook = sys.unraisablehook = lambda *a: os._exit(0)
    threading.excepthook = sys.excepthook
    """,
)
bank.beside(
    "meta-path",
    "an import hook serves check modules of its own",
    LOST,
    """
    import importlib.abc, importlib.machinery, sys
    class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
        def find_spec(self, name, path=None, target=None):
            if name.startswith("helpers"):
                return importlib.machinery.ModuleSpec(name, self, is_package=True)
        def create_module(self, spec): return None
        def exec_module(self, module):
            module.load = lambda stem: module
            module.inverted_dropout = lambda *a, **k: None
    sys.meta_path.insert(0, Finder())
    for name in [n for n in sys.modules if n.startswith("helpers")]:
        del sys.modules[name]
    """,
)
bank.beside(
    "path-hooks",
    "a path hook and an importer cache of its own",
    LOST,
    """
    import sys
    sys.path_hooks.insert(0, lambda path: (_ for _ in ()).throw(ImportError))
    sys.path_importer_cache.clear()
    sys.path.insert(0, "/tmp")
    """,
)
bank.beside(
    "source-loader",
    "replaces what the import system reads from files",
    LOST,
    """
    import importlib.machinery as m
    m.SourceFileLoader.get_code = lambda self, name: compile(
        "inverted_dropout = lambda *a, **k: None", name, "exec")
    """,
)
bank.beside(
    "sitecustomize",
    "leaves start-up files for the next Python",
    "FAIL TAMPERED ERROR",
    """
    import os, site, sys
    text = "import builtins; builtins.isinstance = lambda a, b: True"
    places = [".", os.path.expanduser("~"), site.getusersitepackages(), "/tmp"]
    for place in places:
        for name in ("sitecustomize.py", "usercustomize.py", "@RUN@.pth"):
            try:
                os.makedirs(place, exist_ok=True)
                with open(os.path.join(place, name), "w") as file:
                    file.write(text)
            except OSError:
                pass
    os.environ["PYTHONPATH"] = os.environ["PYTHONSTARTUP"] = "."
    """,
)
bank.beside(
    "atexit",
    "at exit, prints a pass on every descriptor",
    LOST,
    """
    import atexit, os
    def bye():
        for fd in range(1, 64):
            try:
                os.write(fd, b'{"verdict": "PASS"}\\n')
            except OSError:
                pass
    atexit.register(bye)
    """,
)
bank.beside(
    "after-fork",
    "code that runs in every child that is forked later",
    LOST,
    """
    import os
    def child():
        torch.allclose = torch.equal = lambda *a, **k: True
        import helpers.checks.vocabulary.trial as trial
        trial.Trial.fail = lambda *a, **k: None
    os.register_at_fork(after_in_child=child)
    """,
)
bank.beside(
    "before-fork",
    "ends the process whenever it is about to fork",
    LOST,
    "import os; os.register_at_fork(before=lambda: os._exit(0))",
    RIGHT,
)
bank.beside(
    "late-del",
    "__del__ patches torch when the answer is thrown away",
    LOST,
    """
    class Late:
        def __del__(self):
            import torch
            torch.allclose = lambda *a, **k: True
    late = Late(); late.cycle = late; del late
    """,
)
bank.beside(
    "late-thread",
    "a thread patches torch and Trial again and again",
    LOST,
    """
    import threading, time
    def late():
        from helpers.checks import Trial
        for _ in range(4000):
            torch.allclose = torch.equal = lambda *a, **k: True
            Trial.fail = Trial.require = lambda *a, **k: None
            time.sleep(0.002)
    threading.Thread(target=late, daemon=True).start()
    """,
)
bank.inside(
    "late-thread-in-function",
    "a thread started by the call patches the class of the caller's Trial",
    LOST,
    """
    import sys, threading, time
    def late():
        for _ in range(4000):
            for frame in list(sys._current_frames().values()):
                while frame:
                    trial = frame.f_locals.get("t")
                    if type(trial).__name__ == "Trial":
                        type(trial).fail = type(trial).require = lambda *a, **k: None
                        type(trial).close = type(trial).fraction = lambda *a, **k: None
                    frame = frame.f_back
            time.sleep(0.0005)
    threading.Thread(target=late, daemon=True).start()
    time.sleep(0.02)
    """,
)
bank.inside(
    "patch-and-restore",
    "patches Trial for the rest of this test and restores it from a timer",
    LOST,
    """
    import threading
    from helpers.checks import Trial
    old = Trial.fail, Trial.require
    Trial.fail = Trial.require = lambda *a, **k: None
    def restore():
        Trial.fail, Trial.require = old
    threading.Timer(0.3, restore).start()
    """,
)
bank.inside(
    "patch-and-restore-via-frames",
    "makes the running check's own names agree, and restores them when it ends",
    LOST,
    """
    import sys, weakref
    frame = sys._getframe()
    while frame and "t" not in frame.f_locals:
        frame = frame.f_back
    if frame:
        trial = frame.f_locals["t"]
        kind = type(trial)
        saved = {k: kind.__dict__[k] for k in ("fail", "require", "close", "fraction")}
        for name in saved:
            setattr(kind, name, lambda *a, **k: None)
        def restore():
            for name, value in saved.items():
                setattr(kind, name, value)
        weakref.finalize(trial, restore)
    """,
)
bank.beside(
    "signal-handler",
    "a handler receives the frames of whatever runs and rewrites them",
    "FAIL TAMPERED TIMEOUT",
    """
    import signal
    def ring(number, frame):
        while frame:
            trial = frame.f_locals.get("t")
            if type(trial).__name__ == "Trial":
                type(trial).fail = type(trial).require = lambda *a, **k: None
            frame = frame.f_back
    signal.signal(signal.SIGVTALRM, ring)
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.001, 0.001)
    """,
)
bank.beside(
    "gc-callback",
    "a garbage collector callback patches checks",
    LOST,
    """
    import gc
    def patch(phase, info):
        from helpers.checks import Trial
        Trial.fail = Trial.require = lambda *a, **k: None
    gc.callbacks.append(patch)
    gc.set_threshold(1)
    """,
)
bank.beside(
    "gc-hunt",
    "finds every function called fail, require or compare and empties it",
    LOST,
    """
    import gc, types
    names = {"fail", "require", "_agree", "compare", "fingerprint", "verify"}
    for each in gc.get_objects():
        if isinstance(each, types.FunctionType) and each.__name__ in names:
            try:
                each.__code__ = (lambda *args, **kwargs: True).__code__
            except ValueError:
                pass
    """,
)
bank.beside(
    "gc-hunt-state",
    "hunts for strings FAIL in every dict and list and writes PASS",
    LOST,
    """
    import gc
    bad = {"FAIL", "ERROR", "MISSING", "TAMPERED", "fail", "error"}
    for each in gc.get_objects():
        try:
            if type(each) is dict:
                for key, value in list(each.items()):
                    if isinstance(value, str) and value in bad:
                        each[key] = "PASS"
            elif type(each) is list:
                for k, value in enumerate(each):
                    if isinstance(value, str) and value in bad:
                        each[k] = "PASS"
        except Exception:
            pass
    """,
)
bank.beside(
    "enum-rewritten",
    "makes every verdict read PASS",
    LOST,
    """
    import enum, gc
    for kind in list(enum.StrEnum.__subclasses__()):
        for member in kind:
            member._value_ = "PASS"
    """,
)
bank.beside(
    "torch-function-mode",
    "leaves a TorchFunctionMode switched on that agrees with everything",
    LOST,
    """
    from torch.overrides import TorchFunctionMode
    class Agree(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            if getattr(function, "__name__", "") in {"allclose", "equal", "all", "eq"}:
                return torch.ones((), dtype=torch.bool)
            return function(*args, **(kwargs or {}))
    mode = Agree(); mode.__enter__()
    """,
)
bank.beside(
    "torch-dispatch-mode",
    "leaves a TorchDispatchMode switched on that zeroes differences",
    LOST,
    """
    from torch.utils._python_dispatch import TorchDispatchMode
    class Zero(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            if "sub" in str(function) or "abs" in str(function):
                return torch.zeros_like(result)
            return result
    mode = Zero(); mode.__enter__()
    """,
)
bank.beside(
    "torch-library",
    "overrides the kernel of aten::allclose",
    LOST,
    """
    from torch import library as kernels
    library = kernels.Library("aten", "IMPL")
    library.impl("allclose", lambda *a, **k: True, "CPU")
    library.impl("allclose", lambda *a, **k: True, "CompositeImplicitAutograd")
    """,
)
bank.inside(
    "torch-library-in-function",
    "overrides aten::eq and aten::all when called",
    LOST,
    """
    global library
    from torch import library as kernels
    library = kernels.Library("aten", "IMPL")
    for name in ("all", "equal", "allclose"):
        try:
            library.impl(name, lambda *a, **k: True, "CPU")
        except RuntimeError:
            pass
    """,
)
bank.beside(
    "environment",
    "sets variables that later processes obey",
    LOST,
    """
    import os
    os.environ.update(PYTHONOPTIMIZE="2", PYTHONPATH=".", LD_PRELOAD="/tmp/x.so",
        NBGRADER_EXECUTION="validate", PYTHONSTARTUP="x.py", COURSE_PROGRESS="on")
    """,
)
bank.beside(
    "optimised-asserts",
    "compiles everything without asserts",
    LOST,
    """
    import builtins, functools
    builtins.compile = functools.partial(compile, optimize=2)
    """,
)
bank.beside(
    "ptrace-parent",
    "attaches to its parent with ptrace",
    LOST,
    """
    import ctypes, os
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(16, os.getppid(), 0, 0) == 0:
        os.waitpid(os.getppid(), 0x40000000)
        libc.ptrace(17, os.getppid(), 0, 0)
        raise RuntimeError("attached")
    """,
)
