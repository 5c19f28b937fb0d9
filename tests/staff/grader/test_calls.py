"""What a session may ask of the kernel: what programs need, and nothing that lasts."""

import fcntl
import json
import os
import socket
import subprocess
import sys

import pytest

from staff.grader import sandbox

WORKS = {each.layer for each in sandbox.probe() if each.works}

pytestmark = pytest.mark.skipif(
    not {"landlock", "seccomp"} <= WORKS, reason="needs Landlock and seccomp"
)

FRAME = """
import ctypes, errno, fcntl, json, os, signal, socket, subprocess, sys, tempfile
import threading, time
from pathlib import Path
from staff.grader.inside import calls, confine
shared, scratch, warm = {shared!r}, {scratch!r}, {warm}
rules = calls.Filter(spare=warm)
confine.drop_capabilities()
confine.restrict_files([Path("/usr"), Path("/lib"), Path("/bin"), Path("/lib64"),
                        Path("/etc/ld.so.cache"), Path(sys.prefix), Path(shared),
                        Path(sys.base_prefix), Path("/dev/null")],
                       [Path(scratch), Path("/dev/null")])
os.chdir(scratch)
rules.load()
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, action):
    try:
        said[name] = "" if action() is None else "yes"
    except Exception as error:
        said[name] = type(error).__name__
said = dict()
{code}
print(json.dumps(said))
"""


@pytest.fixture
def confined(tmp_path):
    """Return a function that runs code under Landlock and seccomp; it has `attempt`."""
    shared, scratch = tmp_path / "shared", tmp_path / "scratch"
    scratch.mkdir()
    shared.write_text("read by all")
    shared.chmod(0o644)
    sleeper = subprocess.Popen(["sleep", "60"])

    def run(code):
        text = FRAME.format(
            shared=str(shared), scratch=str(scratch), warm=sleeper.pid, code=code
        )
        command = [sys.executable, "-c", text]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert sleeper.poll() is None
        return json.loads(done.stdout)

    run.shared, run.sleeper = shared, sleeper.pid
    yield run
    sleeper.kill()
    sleeper.wait()


def test_what_programs_need_works(confined):
    said = confined(
        """
attempt("thread", lambda: threading.Thread(target=time.sleep, args=(0.01,)).start())
attempt("fork", lambda: os.waitpid(os.fork() or os._exit(0), 0) and None)
attempt("program", lambda: subprocess.run(["/bin/true"], check=True) and None)
attempt("shell", lambda: subprocess.run("echo x | wc -c", shell=True, check=True,
                                        capture_output=True) and None)
attempt("interpreter", lambda: subprocess.run([sys.executable, "-c", "import json"],
                                              check=True) and None)
attempt("write", lambda: Path("kept").write_text("text") and None)
attempt("copy", lambda: __import__("shutil").copy2("kept", "copied") and None)
attempt("touch", lambda: Path("new").touch() or Path("new").read_text() or None)
attempt("touch again", lambda: Path("kept").touch())
attempt("temporary", lambda: tempfile.TemporaryDirectory(dir=".").cleanup())
attempt("pair", lambda: socket.socketpair() and None)
attempt("kill child", lambda: subprocess.Popen(["sleep", "9"]).kill())
attempt("pool", lambda: __import__("multiprocessing").Pipe() and None)
attempt("wait", lambda: __import__("selectors").DefaultSelector().select(0) or None)
attempt("loop", lambda: __import__("asyncio").new_event_loop().close())
attempt("name", lambda: libc.prctl(15, b"name", 0, 0, 0) or None)
attempt("limit", lambda: __import__("resource").getrlimit(7) and None)
attempt("processors", lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)))
attempt("terminal", lambda: None if os.isatty(1) is False else "yes")
"""
    )
    assert {name: why for name, why in said.items() if why} == {}
    assert len(said) == 19


def test_shared_files_stay_as_they_are(confined):
    """Landlock looks at what is written, not at modes, times, attributes and locks."""
    before = confined.shared.stat()
    confined(
        """
attempt("mode", lambda: os.chmod(shared, 0))
attempt("mode, opened", lambda: os.fchmod(os.open(shared, os.O_RDONLY), 0))
attempt("times", lambda: os.utime(shared, (1, 1)))
attempt("time", lambda: os.utime(shared))
attempt("attribute", lambda: os.setxattr(shared, "user.mark", b"x"))
attempt("owner", lambda: os.chown(shared, 1, 1))
attempt("length", lambda: os.truncate(shared, 0))
flags = ctypes.c_long(0x40)  # FS_NODUMP_FL
attempt("flags", lambda: libc.ioctl(os.open(shared, os.O_RDONLY), 0x40086602,
                                    ctypes.byref(flags)))
"""
    )
    after = confined.shared.stat()
    for name in ("st_mode", "st_mtime", "st_uid", "st_size", "st_ctime"):
        assert getattr(after, name) == getattr(before, name), name
    assert os.listxattr(confined.shared) == []


def test_nobody_waits_for_a_lock_of_a_session(confined):
    """What a session takes for a lock keeps no other from having it."""
    with confined.shared.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        said = confined(
            """
file = open(shared)
attempt("lock", lambda: fcntl.flock(file, fcntl.LOCK_EX))
attempt("lease", lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK))
"""
        )
    assert said == {"lock": "", "lease": "OSError"}


def test_other_processes_keep_their_processors_priority_and_life(confined):
    """Numbers may have odd upper halves: the kernel does not look at those."""
    said = confined(
        """
odd = ctypes.c_long(1 << 32 | warm)
attempt("affinity", lambda: os.sched_setaffinity(warm, {0}))
attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, warm, 19))
attempt("limit", lambda: __import__("resource").prlimit(warm, 7, (9, 9)))
attempt("kill", lambda: os.kill(warm, signal.SIGKILL))
attempt("kill, odd", lambda: libc.syscall(62, odd, 9) and 1 / 0)
attempt("thread, odd", lambda: libc.syscall(234, odd, odd, 9) and 1 / 0)
reading, writing = os.pipe()
attempt("owner of a pipe", lambda: fcntl.fcntl(reading, fcntl.F_SETOWN, warm))
"""
    )
    assert "" not in said.values()
    with open(f"/proc/{confined.sleeper}/stat") as file:
        assert file.read().split()[18] == str(os.getpriority(os.PRIO_PROCESS, 0))
    assert os.sched_getaffinity(confined.sleeper) == os.sched_getaffinity(0)


def test_a_pair_of_sockets_reaches_nobody_else(confined, tmp_path):
    """Datagrams have an address of their own, whoever they are connected with."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "heard"))
        heard.setblocking(False)
        said = confined(
            f"""
where = {str(tmp_path / "heard")!r}
def pair(kind):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    ours.sendto(b"reached", where)
attempt("datagrams", lambda: pair(socket.SOCK_DGRAM))
attempt("packets", lambda: pair(socket.SOCK_SEQPACKET))
attempt("stream", lambda: pair(socket.SOCK_STREAM))
"""
        )
        assert "" not in said.values()
        with pytest.raises(BlockingIOError):
            heard.recv(10)


def test_what_the_kernel_learns_later_is_not_allowed(confined):
    """A call without a name on the list is one that does not exist."""
    said = confined(
        """
def number(call):
    done = libc.syscall(call, 0, 0, 0, 0)
    if done != -1 or ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM):
        raise RuntimeError(done, ctypes.get_errno())
for call in (425, 438, 442, 446, 447, 449 + 100, 500, 511):
    attempt(str(call), lambda: number(call))
"""
    )
    assert set(said.values()) == {""}
