"""Answers that end, hang or multiply their process."""

from tests.hostile.case import RIGHT, TARGET, WRONG, Bank, Desk

__all__ = ["bank"]

bank = Bank("process")

# -- leaving -----------------------------------------------------------------------

bank.instead("sys-exit", "leaves before it answers", "ERROR", "import sys; sys.exit(0)")
bank.instead("quit", "calls IPython's own exit", "ERROR MISSING", "exit()")
bank.beside(
    "exit-after-answer", "a right answer, then exit", "PASS", "raise SystemExit", RIGHT
)
bank.inside(
    "sys-exit-in-function", "leaves when called", "FAIL ERROR", "raise SystemExit(0)"
)
bank.instead(
    "os-exit", "ends the process in the cell", "CRASHED", "import os; os._exit(0)"
)
bank.inside(
    "os-exit-in-function",
    "ends the process when called",
    "CRASHED",
    "import os; os._exit(0)",
)
bank.beside(
    "os-exit-after-answer",
    "a right answer, then the end of the process",
    "CRASHED",
    "import os; os._exit(0)",
    RIGHT,
)
bank.inside(
    "os-exit-seventy",
    "ends with an odd status when called",
    "CRASHED",
    "import os; os._exit(70)",
)
bank.instead(
    "kill-self",
    "SIGKILL to itself",
    "CRASHED OOM",
    "import os; os.kill(os.getpid(), 9)",
)
bank.inside(
    "kill-self-in-function",
    "SIGKILL to itself when called",
    "CRASHED OOM",
    "import os; os.kill(os.getpid(), 9)",
)
bank.inside("abort", "aborts when called", "CRASHED", "import os; os.abort()")
bank.instead(
    "segfault", "reads address 0", "CRASHED", "import ctypes; ctypes.string_at(0)"
)
bank.inside(
    "segfault-in-function",
    "reads address 0 when called",
    "CRASHED",
    "import ctypes; ctypes.string_at(0)",
)
bank.inside(
    "stop-self",
    "SIGSTOP to itself when called",
    "TIMEOUT CRASHED",
    "import os; os.kill(os.getpid(), 19)",
)
bank.instead(
    "exec-other",
    "becomes another program",
    "CRASHED TIMEOUT",
    'import os; os.execv("/bin/true", ["true"])',
)
bank.inside(
    "exec-prints-verdict",
    "becomes a program that prints a verdict",
    "CRASHED",
    """
    import os
    text = '{"verdict": "PASS", "question": "inverted_dropout"}'
    os.execv("/bin/echo", ["echo", text])
    """,
)

# -- killing others ----------------------------------------------------------------

bank.instead(
    "kill-parent",
    "SIGKILL to its parent",
    "CRASHED TAMPERED ERROR",
    "import os; os.kill(os.getppid(), 9)",
)
bank.inside(
    "kill-parent-in-function",
    "SIGKILL to its parent when called",
    "CRASHED TAMPERED FAIL ERROR",
    "import os; os.kill(os.getppid(), 9)",
)
bank.inside(
    "kill-group",
    "SIGKILL to its group when called",
    "CRASHED TAMPERED FAIL ERROR",
    "import os; os.killpg(0, 9)",
)
bank.instead(
    "terminate-group",
    "SIGTERM to its group",
    "CRASHED TAMPERED ERROR",
    "import os; os.killpg(0, 15)\nimport time; time.sleep(60)",
)
bank.inside(
    "kill-everything",
    "SIGKILL to all it may signal (only where it sees a world of its own)",
    "CRASHED TAMPERED FAIL ERROR",
    """
    import os
    own_world = os.readlink("/proc/self/ns/pid") != "@PID_NAMESPACE@"
    os.kill(-1, 9) if own_world else os.killpg(0, 9)
    """,
)
bank.inside(
    "kill-ancestors",
    "kills every process of this grader that it can find",
    "CRASHED TAMPERED FAIL ERROR",
    """
    import os
    pid = os.getpid()
    for _ in range(6):
        with open(f"/proc/{pid}/stat") as file:
            pid = int(file.read().rpartition(")")[2].split()[1])
        if pid <= 1 or os.readlink(f"/proc/{pid}/cwd") != "@COURSE@":
            break
        os.kill(pid, 9)
    """,
)
bank.inside(
    "kill-grader",
    "kills the grader, found by its working folder",
    "FAIL CRASHED TAMPERED ERROR",
    """
    import os
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.readlink(f"/proc/{name}/cwd") == "@COURSE@":
                os.kill(int(name), 9)
        except OSError:
            pass
    """,
)

# -- hanging -----------------------------------------------------------------------

bank.instead("endless-loop", "loops in the cell", "TIMEOUT", "while True: pass")
bank.inside(
    "endless-loop-in-function", "loops when called", "TIMEOUT", "while True: pass"
)
bank.instead(
    "swallows-everything",
    "loops and swallows BaseException",
    "TIMEOUT",
    """
    import time
    while True:
        try:
            time.sleep(0.01)
        except BaseException:
            pass
    """,
)
bank.inside(
    "ignores-signals",
    "blocks and ignores every signal it can, then loops",
    "TIMEOUT",
    """
    import signal
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    while True:
        pass
    """,
)
bank.inside(
    "blocked-in-c",
    "one big matrix product after the other",
    "TIMEOUT",
    "a = torch.ones(6000, 6000)\nwhile True: a @ a",
)
bank.instead(
    "blocked-in-regex",
    "a regular expression that never ends, in C",
    "TIMEOUT",
    'import re; re.match(r"(a+)+$", "a" * 60 + "b")',
)
bank.instead(
    "huge-power",
    "one integer power that takes for ever, in C",
    "TIMEOUT OOM",
    "x = 7 ** (10 ** 9)",
)
bank.inside(
    "sleeps",
    "sleeps for an hour when called",
    "TIMEOUT",
    "import time; time.sleep(3600)",
)
bank.instead(
    "reads-stdin", "waits for input", "ERROR TIMEOUT", 'answer = input("your name? ")'
)
bank.inside(
    "reads-stdin-raw",
    "reads file descriptor 0 when called",
    "FAIL ERROR TIMEOUT",
    "import os; os.read(0, 1)",
)
bank.inside(
    "deadlock",
    "takes a lock twice",
    "TIMEOUT",
    "import threading; lock = threading.Lock(); lock.acquire(); lock.acquire()",
)
bank.inside(
    "waits-for-thread",
    "waits for a thread that never ends",
    "TIMEOUT",
    (
        "import threading; event = threading.Event()\n"
        "thread = threading.Thread(target=event.wait); "
        "thread.start(); thread.join()"
    ),
)
bank.instead(
    "pipe-that-never-closes",
    "reads its own pipe",
    "TIMEOUT",
    "import os; r, w = os.pipe(); os.read(r, 1)",
)
bank.beside(
    "hangs-in-atexit",
    "a right answer that hangs at exit",
    "PASS TIMEOUT",
    "import atexit, time; atexit.register(time.sleep, 3600)",
    RIGHT,
)
bank.beside(
    "hangs-in-del",
    "an object whose __del__ never ends",
    "PASS TIMEOUT",
    """
    class Clingy:
        def __del__(self):
            while True:
                pass

    clingy = Clingy()
    """,
    RIGHT,
)
bank.inside(
    "alarm-raises-late",
    "an alarm raises in the check, after the answer has returned",
    "FAIL ERROR TIMEOUT CRASHED TAMPERED",
    """
    import signal
    def ring(number, frame):
        raise SystemExit("too late")
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    """,
)

bank.beside(
    "sleeps-before-forks",
    "a right answer that sleeps before each fork, so that no test begins",
    "TIMEOUT",
    "import os, time; os.register_at_fork(before=lambda: time.sleep(3600))",
    RIGHT,
)
bank.beside(
    "sleeps-after-forks",
    "a right answer that sleeps in each fork",
    "TIMEOUT",
    "import os, time; os.register_at_fork(after_in_child=lambda: time.sleep(3600))",
    RIGHT,
)
bank.beside(
    "slows-given-cells",
    "a right answer; whoever seeds torch afterwards waits for ever",
    "PASS TIMEOUT",
    "import time\ntorch.manual_seed = lambda seed: time.sleep(3600)",
    RIGHT,
)


@bank.notebook("sleepers-and-hangers", "five cells sleep, five never end", "PASS")
def _sleepers(desk: Desk) -> None:
    for code in ["import time; time.sleep(3)"] * 5 + ["while True: pass"] * 5:
        desk.insert(code, before=TARGET)


bank.beside(
    "odd-name",
    "a right answer; a program goes on whose name is no text",
    "PASS",
    """
    import os, subprocess, tempfile
    name = os.fsencode(tempfile.mkdtemp()) + b"/\\xff\\xfe)\\n("
    os.symlink("/bin/sleep", name)
    subprocess.Popen([name, "120"])
    """,
    RIGHT,
)

# -- multiplying -------------------------------------------------------------------

bank.instead(
    "fork-bomb",
    "doubles ten times; each copy sleeps",
    "ERROR CRASHED TIMEOUT",
    """
    import os, time
    end = time.time() + 20
    for _ in range(10):
        os.fork()
    while time.time() < end:
        time.sleep(0.2)
    os._exit(0)
    """,
)
bank.inside(
    "fork-many",
    "starts 1500 sleeping children when called",
    "FAIL CRASHED TIMEOUT ERROR",
    """
    import os, time
    for _ in range(1500):
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    raise RuntimeError("there was room for 1500")
    """,
)
bank.instead(
    "thread-bomb",
    "starts 5000 sleeping threads",
    "ERROR CRASHED TIMEOUT OOM",
    """
    import threading, time
    for _ in range(5000):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
    raise RuntimeError("there was room for 5000")
    """,
)
bank.beside(
    "detached-grandchild",
    "a grandchild in a session of its own keeps every descriptor open",
    "PASS",
    """
    import os, time
    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                time.sleep(120)
        finally:
            os._exit(0)
    """,
    RIGHT,
)
bank.inside(
    "detached-in-function",
    "each call starts a daemon that holds the pipe; soon there are too many",
    "FAIL CRASHED",
    """
    import os, time
    if os.fork() == 0:
        try:
            os.setsid()
            if os.fork() == 0:
                time.sleep(120)
        finally:
            os._exit(0)
    """,
)
bank.beside(
    "nohup",
    "a program started with its own session goes on",
    "PASS",
    """
    import subprocess, sys
    code = "import time; time.sleep(120)"
    subprocess.Popen([sys.executable, "-c", code, "@RUN@"], start_new_session=True)
    """,
    RIGHT,
)
bank.beside(
    "forked-cell",
    "a right answer; two processes go on behind the cell",
    "PASS TAMPERED CRASHED",
    "import os; os.fork()",
    RIGHT,
)
bank.inside(
    "forked-answer",
    "two processes go on from inside the check",
    "FAIL TAMPERED CRASHED",
    "import os; os.fork()",
    WRONG,
)
bank.inside(
    "forked-right-answer",
    "a right answer; two processes go on from inside the check",
    "PASS TAMPERED CRASHED",
    "import os; os.fork()",
    RIGHT,
)
bank.beside(
    "thread-left-running",
    "a right answer and a thread that sleeps on",
    "PASS",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    RIGHT,
)
bank.beside(
    "busy-thread-left",
    "a right answer and a thread that counts for ever",
    "PASS",
    """
    import threading, itertools
    count = lambda: [None for _ in itertools.count() if _ < 0]
    threading.Thread(target=count, daemon=True).start()
    """,
    RIGHT,
)
bank.beside(
    "openmp-started",
    "a right answer that has started torch's threads before the next fork",
    "PASS",
    "torch.set_num_threads(2); a = torch.ones(500, 500); (a @ a).sum()",
    RIGHT,
)
bank.beside(
    "background-process-pool",
    "a right answer and a pool of worker processes",
    "PASS",
    """
    import multiprocessing
    pool = multiprocessing.get_context("fork").Pool(2)
    pool.map(abs, range(4))
    """,
    RIGHT,
)
