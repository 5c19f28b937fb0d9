"""What confines a session: chosen by trying it, recorded in every result.

Around the warm process goes *bubblewrap* where user namespaces work: no network, a
process table and a /tmp of its own, and nothing of the machine but the interpreter,
its packages, ``helpers`` and ``data``. Each session adds *Landlock* (files) and
*seccomp* (system calls) where the kernel has them, and limits always. Either bubblewrap
or Landlock, together with seccomp, is the least that grading asks for.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from staff.course import CourseError

__all__ = ["CHOICES", "Finding", "Sandbox", "choose", "probe"]

CHOICES = ("auto", "bubblewrap", "landlock", "none")
_TMP = 256 << 20  # bytes of /tmp and of /dev/shm in bubblewrap
_HELP = (
    "Install bubblewrap (Debian, Ubuntu: apt install bubblewrap libseccomp2), or use a "
    "Linux with Landlock (5.13 or newer). `python -m staff doctor` says what is "
    "missing; --unsafe grades without a sandbox, for submissions you trust."
)


@dataclass(frozen=True)
class Finding:
    """One layer, tried.

    Args:
        layer: its name.
        works: every attempt to get out failed.
        detail: what was seen.
    """

    layer: str
    works: bool
    detail: str


@dataclass(frozen=True)
class Sandbox:
    """The layers in use, outermost first; () is no sandbox at all."""

    layers: tuple[str, ...]

    @property
    def bubblewrap(self) -> bool:
        """Whether the warm process has namespaces of its own."""
        return "bubblewrap" in self.layers

    def command(self, root: Path, scratch: Path, program: Sequence[str]) -> list[str]:
        """Return the command that starts a program inside.

        Args:
            root: the course.
            scratch: an empty folder for the program, used without bubblewrap.
            program: command and arguments.
        """
        if not self.bubblewrap:
            return [*program]
        command = [shutil.which("bwrap") or "bwrap", "--unshare-all"]
        # As process 1 nothing in there can signal it, and no helper of bubblewrap's
        # holds the grader's descriptors.
        command += ["--as-pid-1", "--die-with-parent", "--new-session"]
        command += ["--cap-drop", "ALL"]
        command += ["--uid", "1000", "--gid", "1000", "--hostname", "grader"]
        command += ["--proc", "/proc", "--dev", "/dev"]
        for folder in ("/tmp", "/dev/shm"):  # first: the course may lie below /tmp
            command += ["--perms", "0700", "--size", str(_TMP), "--tmpfs", folder]
        for link in ("/bin", "/lib", "/lib64", "/sbin"):
            if os.path.islink(link):
                command += ["--symlink", os.readlink(link), link]
        for path in readable(root):
            if path.exists():
                command += ["--ro-bind", str(path), str(path)]
        return [*command, "--chdir", "/tmp", "--", *program]

    def scratch(self, outside: Path) -> list[str]:
        """Return the folders a session may write to."""
        return ["/tmp", "/dev/shm"] if self.bubblewrap else [str(outside)]


def readable(root: Path) -> list[Path]:
    """Return what a session may read: the interpreter, its packages, the course's own.

    Args:
        root: the course; of it only ``helpers``, ``data`` and the code of sessions.
    """
    places = [sys.prefix, sys.base_prefix, sysconfig.get_paths()["stdlib"]]
    places += ["/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts"]
    places += [p for p in ("/bin", "/lib", "/lib64") if not os.path.islink(p)]
    grader = root / "staff" / "grader"
    course = [root / "helpers", root / "data", root / "staff" / "__init__.py"]
    course += [grader / "__init__.py", grader / "inside", grader / "judge"]
    return [*map(Path, dict.fromkeys(places)), *course]


_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_FACTS = ("/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu")


def readable_by_landlock(root: Path) -> list[str]:
    """Return the same for Landlock, which hides /dev and /proc too."""
    return [*map(str, readable(root)), *_DEVICES, *_FACTS]


# --- choosing ---------------------------------------------------------------------


def choose(wish: str = "auto") -> Sandbox:
    """Return the layers to use; each has been tried on this machine.

    Args:
        wish: "auto" takes all that work; "bubblewrap" and "landlock" take that one
            (with seccomp) and no other; "none" takes nothing.

    Raises:
        CourseError: what was asked for does not work here. Grading never goes on with
            less than it was asked for.
    """
    if wish not in CHOICES:
        raise CourseError(f"sandbox: expected one of {CHOICES}, got {wish!r}")
    if wish == "none":
        return Sandbox(())
    found = {finding.layer: finding for finding in probe()}
    if wish == "auto":
        layers = [name for name, finding in found.items() if finding.works]
        enough = "seccomp" in layers and len(layers) > 1
    else:
        layers = [wish, "seccomp"]
        enough = all(found[name].works for name in layers)
    if not enough:
        lines = [f"  {f.layer}: {f.detail}" for f in found.values() if not f.works]
        raise CourseError(
            "No sandbox strong enough for other people's code works here:\n"
            + "\n".join(lines)
            + f"\n{_HELP}"
        )
    return Sandbox(tuple(layers))


@functools.cache
def probe() -> tuple[Finding, ...]:
    """Try each layer: write outside, open a socket, read a secret, signal a process.

    And what answers need has to go on working under the filter of system calls.
    """
    return (
        _try("bubblewrap", ("bubblewrap",), "wrs"),
        _try("landlock", ("landlock",), "wr"),
        _try("seccomp", ("seccomp",), "sk"),
    )


_ATTACK = """
import os, socket, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from staff.grader.inside import calls, confine
layers = {layers!r}
scratch, secret, victim = Path({scratch!r}), Path({secret!r}), {victim}
confine.no_new_privileges()
confine.drop_capabilities()
if "landlock" in layers:
    confine.restrict_files([Path(p) for p in {readable!r}], [scratch])
if "seccomp" in layers:
    calls.Filter(spare=victim).load()
def attempt(letter, action):
    try:
        action()
        print(letter, end="")
    except OSError:
        pass
attempt("W", lambda: secret.with_name("written").write_text("x"))
attempt("R", lambda: secret.read_text())
def connect():
    with socket.socket() as s:
        s.settimeout(2)
        s.connect(("127.0.0.1", {port}))
attempt("S", connect)
attempt("K", lambda: os.kill(victim, 0))
print(".", end="")
"""

_NEEDS = """
import multiprocessing, shutil, subprocess, tempfile, threading, time
def need(what, action):
    try:
        action()
    except Exception as error:
        print(f"answers could not {what}: {error}", end="; ")
def write():
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        one, two = Path(folder) / "one", Path(folder) / "two"
        one.write_text("text")
        shutil.copy2(one, two)
        two.rename(one)
def thread():
    each = threading.Thread(target=time.sleep, args=(0.001,))
    each.start()
    each.join()
def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
def program():
    command = [sys.executable, "-S", "-c", "print(1)"]
    subprocess.run(command, check=True, capture_output=True)
need("write files", write)
need("use threads", thread)
need("fork", fork)
need("exchange data with a process", lambda: multiprocessing.Pipe()[0].close())
need("start a program", program)
"""


def _try(layer: str, layers: tuple[str, ...], guards: str) -> Finding:
    import socket

    root = Path(__file__).resolve().parents[2]
    with (
        tempfile.TemporaryDirectory(prefix="course-probe-") as folder,
        socket.create_server(("127.0.0.1", 0)) as server,
    ):
        secret, scratch = Path(folder) / "secret", Path(folder) / "scratch"
        secret.write_text("planted")
        scratch.mkdir()
        program = _ATTACK.format(
            root=str(root),
            layers=layers,
            scratch=str(scratch),
            secret=str(secret),
            victim=os.getpid(),
            readable=readable_by_landlock(root),
            port=server.getsockname()[1],
        )
        program += _NEEDS if "seccomp" in layers else ""
        python = [sys.executable, "-s", "-c", program]
        command = Sandbox(layers).command(root, scratch, python)
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=60, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return Finding(layer, False, str(error))
    said, whole, needs = done.stdout.partition(".")
    if not whole or done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ended without a word"]
        return Finding(layer, False, lines[-1])
    if needs:
        return Finding(layer, False, needs.rstrip("; "))
    names = {"w": "wrote outside", "r": "read a secret", "s": "opened a socket"}
    names["k"] = "signalled a process"
    leaks = [names[each] for each in guards if each.upper() in said]
    return Finding(layer, not leaks, ", ".join(leaks) or "every way out was shut")
