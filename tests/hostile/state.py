"""Right answers that change the state of the process, or of more, and leave it so."""

from tests.hostile.case import RIGHT, Bank

__all__ = ["bank"]

bank = Bank("state")
CHANGES = {
    "default-dtype": "torch.set_default_dtype(torch.float64)",
    "grad-mode": "torch.set_grad_enabled(False)",
    "grad-mode-inference": "mode = torch.inference_mode(); mode.__enter__()",
    "threads": "torch.set_num_threads(4)",
    "seed": "import random; torch.manual_seed(0); random.seed(0)",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "anomaly-mode": "torch.autograd.set_detect_anomaly(True, check_nan=False)",
    "flush-denormal": "torch.set_flush_denormal(True)",
    "print-options": "torch.set_printoptions(precision=1, sci_mode=True, threshold=2)",
    "numpy-errors": "import numpy; numpy.seterr(all='raise'); numpy.random.seed(1)",
    "warnings-as-errors": "import warnings; warnings.simplefilter('error')",
    "working-folder": "import os; os.makedirs('elsewhere'); os.chdir('elsewhere')",
    "working-folder-gone": (
        "import os, shutil; os.makedirs('gone'); os.chdir('gone')\n"
        "shutil.rmtree('../gone')"
    ),
    "environment": "import os; os.environ.clear()",
    "own-variable": "import os; os.environ['MY_DATA'] = '/tmp/x'",
    "stdout": "import io, sys; sys.stdout = sys.stderr = io.StringIO()",
    "stdout-closed": "import sys; sys.stdout.flush(); sys.stdout = None",
    "logging": "import logging; logging.disable(); logging.basicConfig(level=0)",
    "gc": "import gc; gc.disable(); gc.freeze()",
    "recursion-limit": "import sys; sys.setrecursionlimit(10_000)",
    "locale": "import locale; locale.setlocale(locale.LC_ALL, 'C')",
    "path": "import sys; sys.path.insert(0, '/tmp'); sys.path.append('.')",
    "umask": "import os; os.umask(0o777)",
    "matplotlib": (
        "import matplotlib.pyplot as plt; plt.ion(); plt.rcParams['font.size'] = 3"
    ),
    "open-figures": "import matplotlib.pyplot as plt\nfor _ in range(15): plt.figure()",
    "pdb": "import sys; sys.breakpointhook = lambda *a: None",
    "switch-interval": "import sys; sys.setswitchinterval(1e-6)",
    "asyncio": "import asyncio; asyncio.set_event_loop(asyncio.new_event_loop())",
    "decimal": "import decimal; decimal.getcontext().prec = 1",
    "shadowed-builtins": (
        "sum = 0.0; max = min = None; list = [1]; print = str; len = 7"
    ),
    "shadowed-modules": "torch_ = torch; math = 3; data = []; nn_ = nn; load_ = load",
    "big-object": "table = torch.zeros(40_000_000)",
    "many-objects": "table = [[k] for k in range(500_000)]",
    "loaded-modules": "import doctest, sqlite3, unittest.mock, scipy.special",
    "magics": (
        "%matplotlib inline\n%precision 2\n%config InlineBackend.figure_format='svg'"
    ),
    "autoreload": "%load_ext autoreload\n%autoreload 2",
    "interactive-all": (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "InteractiveShell.ast_node_interactivity = 'all'"
    ),
}
for name, code in CHANGES.items():
    bank.beside(
        f"state-{name}",
        f"a right answer, then {code.splitlines()[0]}",
        "PASS TAMPERED" if name == "pdb" else "PASS",
        code,
        RIGHT,
    )
bank.inside(
    "state-changed-when-called",
    "each call changes torch's defaults",
    "PASS",
    """
    torch.set_printoptions(precision=2)
    torch.set_num_threads(1)
    """,
    RIGHT,
)

# -- what lasts longer than the session, or reaches others -------------------------

LASTING = {
    "own-processor": "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})",
    "graders-processor": (
        "for pid in (os.getppid(), 1): os.sched_setaffinity(pid, {0})"
    ),
    "graders-priority": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "graders-limits": (
        "import resource\n"
        "resource.prlimit(os.getppid(), resource.RLIMIT_NOFILE, (9, 9))"
    ),
    "timer": "import signal; signal.setitimer(signal.ITIMER_REAL, 1, 1)",
    "lock": (
        "import fcntl, time\nheld = open(torch.__file__)\n"
        "fcntl.flock(held, fcntl.LOCK_EX); time.sleep(2)"
    ),
    "lock-wanted": (
        "import fcntl\nwanted = open(torch.__file__)\n"
        "fcntl.flock(wanted, fcntl.LOCK_EX)"
    ),
    "lease": (
        "import fcntl\nheld = open(torch.__file__)\n"
        "fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_RDLCK)"
    ),
    "mode-of-course": "os.chmod('@COURSE@/helpers/__init__.py', 0o640)",
    "time-of-course": "os.utime('@COURSE@/helpers/__init__.py', (1, 1))",
    "marks-on-folder": (
        "folder = os.environ['TMPDIR']\n"
        "os.utime(folder, (1, 1)); os.chmod(folder, 0o500)\n"
        "os.setxattr(folder, 'user.mark', b'seen')"
    ),
    "queue": (
        "import ctypes\nlibc = ctypes.CDLL(None)\n"
        "libc.mq_open(b'/@RUN@', 64, 0o600, None)"
    ),
    "semaphore": (
        "import multiprocessing\nkept = multiprocessing.get_context('fork').Lock()"
    ),
}
for name, code in LASTING.items():
    tried = "".join(f"    {line}\n" for line in code.splitlines())
    bank.beside(
        f"lasting-{name}",
        f"a right answer, then tries {code.splitlines()[-1]}",
        "PASS TAMPERED" if "ctypes" in code else "PASS",
        f"import os\ntry:\n{tried}except (OSError, PermissionError): pass",
        RIGHT,
    )
