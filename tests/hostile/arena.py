"""A course of its own, with secrets planted, in which a class is handed in and graded.

Used by the tests of the grader and by the comparison with stock nbgrader.
"""

from __future__ import annotations

import base64
import copy
import ctypes
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from tests.hostile.case import STEM, Case, Desk

__all__ = [
    "Arena",
    "Graded",
    "NEIGHBOURS",
    "active_content",
    "children_left",
    "clone",
    "forms",
    "listener",
    "read_results",
    "right_answers",
    "scores_in",
    "subreaper",
    "visible_in",
]

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = ROOT / "tests/answers" / STEM
HIDDEN = "### BEGIN HIDDEN TESTS"
NEIGHBOURS = {
    "00-neighbour-right": {},
    "mm-neighbour-half": {"Dropout": None, "channel_dropout": None},
    "s-neighbour-wrong": {"inverted_dropout": "wrong_not_scaled"},
    "zz-neighbour-right": {},
}
"""Honest students around the attackers: which answers are not right, and how."""
PLAIN_NAME = re.compile(r"[^\W_][\w.@+' -]{0,99}")
"""Names that a grader must take; others it may refuse, and say so."""


def clone(folder: Path, stem: str = STEM) -> Path:
    """Copy the parts of the course that grading one notebook needs; return folder."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    wanted = ("helpers/", "staff/", "data/", f"solutions/{stem}", f"notebooks/{stem}/")
    single = {"nbgrader_config.py", "pyproject.toml", "README.md"}
    for name in listed.stdout.decode().split("\0"):
        if (name.startswith(wanted) or name in single) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def right_answers() -> dict[str, str]:
    """Return question → text of a right answer."""
    return {
        folder.name: (folder / "right_solution.py").read_text("utf-8")
        for folder in ANSWERS.iterdir()
    }


def forms(secret: str) -> list[str]:
    """Return the ways in which the bank's cases write a secret down."""
    return [
        secret,
        secret[::-1],
        secret.encode().hex(),
        base64.b64encode(secret.encode()).decode(),
        " ".join(secret),
    ]


@dataclass
class Graded:
    """What one run of the grader said.

    Args:
        results: student → the record that ``--json`` wrote.
        status: exit status.
        said: standard output and error together.
        seconds: wall time.
        left: command lines of processes that outlived the grader.
    """

    results: dict[str, dict]
    status: int
    said: str
    seconds: float
    left: list[str] = field(default_factory=list)

    def verdict(self, student: str, question: str) -> str:
        """Return the verdict on one question, or a word for its absence."""
        record = self.results.get(student)
        if record is None:
            return "(no result)" if PLAIN_NAME.fullmatch(student) else "REFUSED"
        result = record["questions"].get(question)
        if result is None:
            return "INVALID_FILE" if record.get("invalid") else "(no verdict)"
        return result["verdict"]


class Arena:
    """A throw-away course with planted secrets.

    Args:
        folder: empty; everything that belongs to the run lies below.
        plant: put secrets into home, environment, hidden tests and temporary files.
        like: copy this one's course, with its secrets and the proof of its assignment.
    """

    def __init__(
        self, folder: Path, *, plant: bool = True, like: Arena | None = None
    ) -> None:
        self.folder = folder
        self.run = f"hb{secrets.token_hex(5)}"
        self.course = (
            like._copied(folder / "course") if like else clone(folder / "course")
        )
        self.home, self.host = folder / "home", folder / "host"
        self.temporary = folder / "tmp"
        for path in (self.home / ".ssh", self.host, self.temporary):
            path.mkdir(parents=True)
        kinds = ("environment", "home", "file", "hidden", "submission")
        self.secrets = {kind: f"planted-{secrets.token_hex(16)}" for kind in kinds}
        if like:
            self.secrets = like.secrets
        self.release = self.course / "notebooks" / STEM / f"{STEM}.ipynb"
        if plant:
            self._plant(hidden=like is None)
        self.notebook = self.right_notebook()

    @property
    def grading(self) -> Path:
        """The course's folder of submissions and grades."""
        return self.course / "grading"

    def _copied(self, folder: Path) -> Path:
        shutil.copytree(self.course, folder, ignore=shutil.ignore_patterns("grading"))
        if (proof := self.grading / "cache").exists():
            shutil.copytree(proof, folder / "grading" / "cache")
        return folder

    def _plant(self, *, hidden: bool) -> None:
        for name in (".ssh/id_rsa", ".netrc"):
            (self.home / name).write_text(self.secrets["home"] + "\n")
        (self.host / "planted.txt").write_text(self.secrets["file"] + "\n")
        if not hidden:
            return
        master = self.course / "solutions" / f"{STEM}.py"
        planted = f'{HIDDEN}\nplanted = "{self.secrets["hidden"]}"'
        master.write_text(master.read_text("utf-8").replace(HIDDEN, planted), "utf-8")
        done = self.staff("build", STEM)
        if done.returncode:
            raise RuntimeError(done.stdout)

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the environment in which an instructor's shell would grade."""
        plain = {k: v for k, v in os.environ.items() if not k.startswith("COURSE_")}
        for name in ("CI", "PYTEST_CURRENT_TEST", "NBGRADER_EXECUTION"):
            plain.pop(name, None)
        return {
            **plain,
            "HOME": str(self.home),
            "TMPDIR": str(self.temporary),
            "PLANTED": self.secrets["environment"],
            "PYTHONPATH": str(self.course),
            "PYTHONWARNINGS": "ignore",
            "HOSTILE_RUN": self.run,
            **changes,
        }

    def staff(
        self, *words: object, timeout: float = 600
    ) -> subprocess.CompletedProcess:
        """Run ``python -m staff ...`` in the course."""
        return subprocess.run(
            [sys.executable, "-m", "staff", *map(str, words)],
            cwd=self.course,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
        )

    # -- handing in ----------------------------------------------------------------

    def right_notebook(self) -> dict:
        """Return the release with every question answered right."""
        notebook = json.loads(self.release.read_text("utf-8"))
        answers = right_answers()
        for cell in notebook["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                cell["source"] = answers[cell["id"]]
        return notebook

    def points(self) -> dict[str, float]:
        """Return question → points."""
        cells = json.loads(self.release.read_text("utf-8"))["cells"]
        graded = [c for c in cells if "points" in c["metadata"].get("nbgrader", {})]
        return {
            c["id"].removeprefix("test_"): c["metadata"]["nbgrader"]["points"]
            for c in graded
        }

    def desk(
        self,
        student: str,
        names: Mapping[str, str] | None = None,
        *,
        grading: Path | None = None,
    ) -> Desk:
        """Return an empty desk for one student; makes the folder."""
        folder = (grading or self.grading) / "submitted" / student / STEM
        folder.mkdir(parents=True)
        return Desk(folder, copy.deepcopy(self.notebook), dict(names or {}))

    def names(self, **more: str) -> dict[str, str]:
        """Return what an attacker is assumed to know."""
        return {
            "COURSE": str(self.course),
            "HOME": str(self.home),
            "HOST_TMP": str(self.host),
            "NEIGHBOUR": next(iter(NEIGHBOURS)),
            "PID_NAMESPACE": os.readlink("/proc/self/ns/pid"),
            "RUN": self.run,
            "PORT": "9",
            "SOCKET": str(self.host / "s"),
            **more,
        }

    def hand_in_neighbours(self) -> None:
        """Hand in the honest part of the class."""
        stubs = {
            c["id"]: c["source"]
            for c in json.loads(self.release.read_text("utf-8"))["cells"]
        }
        for student, changed in NEIGHBOURS.items():
            desk = self.desk(student)
            for question, file in changed.items():
                text = stubs[question]
                if file:
                    text = (ANSWERS / question / f"{file}.py").read_text("utf-8")
                desk.cell(question)["source"] = text
            secret = f"# {self.secrets['submission']}"
            desk.insert(secret, before="inverted_dropout")
            desk.path.write_bytes(desk.data())

    def hand_in(self, cases: Iterable[Case], **names: str) -> None:
        """Hand in one notebook for each case."""
        for case in cases:
            case.make(self.desk(case.folder, self.names(**names)))

    # -- grading -------------------------------------------------------------------

    def grade(self, *flags: object, timeout: float = 3000) -> Graded:
        """Grade the class as an instructor would, from a process of its own."""
        file = self.folder / "results.jsonl"
        file.unlink(missing_ok=True)
        words = ["grade", STEM, "--json", file, *flags]
        earlier = children()  # an earlier test's in this process are not the grader's
        start = time.monotonic()
        with subreaper():
            with (self.folder / "said.txt").open("w") as said:
                process = subprocess.Popen(
                    [sys.executable, "-m", "staff", *map(str, words)],
                    cwd=self.course,
                    env=self.environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            try:
                status = process.wait(timeout)
            except subprocess.TimeoutExpired:
                status = -1
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            seconds = time.monotonic() - start
            left = children_left(ignore={process.pid, *earlier})
        said = (self.folder / "said.txt").read_text("utf-8", "replace")
        return Graded(read_results(file), status, said, seconds, left)

    # -- what came of it -------------------------------------------------------------

    def scores(self) -> dict[str, dict[str, float]]:
        """Return student → question → score, as the gradebook holds it."""
        return scores_in(self.grading)

    def visible(self) -> dict[Path, str]:
        """Return the text of every file that students get to see."""
        return visible_in(self.grading)

    def marks(self) -> list[Path]:
        """Return files that attacks have left on this machine; delete them."""
        import site

        import torch

        from helpers import checks

        shallow = [Path(p) for p in ("/tmp", "/dev/shm", "/var/tmp", "/", "/etc")]
        shallow += [Path(p) for p in site.getsitepackages()]
        shallow += [Path(torch.__file__).parent, Path(checks.__file__).parents[1]]
        shallow += [Path.home()]
        found = [p for place in shallow for p in place.glob(f"*{self.run}*")]
        deep = (self.folder, self.home, self.host)
        found += [p for place in deep for p in place.rglob(f"*{self.run}*")]
        for path in found:
            path.unlink(missing_ok=True)
        return found

    def temporary_left(self) -> list[str]:
        """Return what the grader has left in its temporary folder."""
        found = self.temporary.rglob("*")
        return sorted(str(path.relative_to(self.temporary)) for path in found)

    def open_again(self) -> None:
        """Give back the permissions that some cases take from their own files."""
        for path in (self.grading / "submitted").glob("*/*"):
            if not path.is_symlink():
                path.chmod(0o755)


def scores_in(grading: Path) -> dict[str, dict[str, float]]:
    """Return student → question → score from the gradebook in a folder."""
    from nbgrader.api import Gradebook

    found: dict[str, dict[str, float]] = {}
    with Gradebook(f"sqlite:///{grading / 'gradebook.db'}") as book:
        for one in book.assignment_submissions(STEM):
            grades = [g for notebook in one.notebooks for g in notebook.grades]
            found[one.student.id] = {
                g.name.removeprefix("test_"): g.score for g in grades
            }
    return found


def visible_in(grading: Path) -> dict[Path, str]:
    """Return the text of every file in a folder that students get to see."""
    files = [p for p in grading.glob("feedback/**/*") if p.is_file()]
    return {p: p.read_text("utf-8", "replace") for p in files}


def read_results(file: Path) -> dict[str, dict]:
    """Return student → record from the grader's JSON lines."""
    if not file.exists():
        return {}
    lines = file.read_text("utf-8", "surrogatepass").splitlines()
    records = [json.loads(line) for line in lines if line.strip()]
    return {record["student"]: record for record in records}


# -- processes ---------------------------------------------------------------------

_CHILD_SUBREAPER = 36


@contextmanager
def subreaper():
    """Become the parent of all orphans below this process for a while."""
    libc = ctypes.CDLL(None)
    libc.prctl(_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = set(children())
    try:
        yield
    finally:
        libc.prctl(_CHILD_SUBREAPER, 0, 0, 0, 0)
        for pid in set(children()) - before:
            _end(pid)


def children() -> dict[int, str]:
    """Return pid → command line of the living children of this process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            continue
        if fields[1] == str(os.getpid()) and fields[0] != "Z":
            found[int(path.name)] = words[:200]
    return found


def children_left(ignore: Iterable[int] = (), patience: float = 3.0) -> list[str]:
    """Return command lines of orphans that live on after some patience."""
    end = time.monotonic() + patience
    mine = set(ignore) | {os.getpid()}
    while True:
        left = {pid: words for pid, words in children().items() if pid not in mine}
        left = {pid: w for pid, w in left.items() if _is_of_grading(pid, w)}
        if not left or time.monotonic() > end:
            return list(left.values())
        time.sleep(0.1)


def _is_of_grading(pid: int, words: str) -> bool:
    """Tell an orphan from this process's own children, such as test workers."""
    try:
        session = int(
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3]
        )
    except (OSError, ValueError):
        return False
    return session != os.getsid(0)


def _end(pid: int) -> None:
    try:
        if os.getsid(pid) != os.getsid(0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    except (OSError, ChildProcessError):
        pass


# -- network -----------------------------------------------------------------------


@contextmanager
def listener(arena: Arena):
    """Listen in every way that the bank tries to reach; yield (names, what came)."""
    heard: list[str] = []
    tcp, udp = socket.socket(), socket.socket(type=socket.SOCK_DGRAM)
    tcp.bind(("127.0.0.1", 0))
    udp.bind(tcp.getsockname())
    file, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    name = f"/tmp/{arena.run}.s"
    file.bind(name)
    abstract.bind(f"\0{arena.run}")
    datagram = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    datagram.bind(f"\0{arena.run}-datagram")
    streams = {"tcp": tcp, "unix": file, "abstract": abstract}
    letters = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    letters.bind(f"{name}-datagram")
    packets = {"udp": udp, "abstract datagram": datagram, "datagram": letters}
    for kind, line in streams.items():
        line.listen()
        Thread(target=_accept, args=(kind, line, heard), daemon=True).start()
    for kind, line in packets.items():
        Thread(target=_receive, args=(kind, line, heard), daemon=True).start()
    try:
        yield {"PORT": str(tcp.getsockname()[1]), "SOCKET": name}, heard
    finally:
        for line in (*streams.values(), *packets.values()):
            line.close()
        for each in (name, f"{name}-datagram"):
            Path(each).unlink(missing_ok=True)


def _accept(kind: str, line: socket.socket, heard: list[str]) -> None:
    while True:
        try:
            other, _ = line.accept()
        except OSError:
            return
        with other:
            other.settimeout(1)
            try:
                heard.append(f"{kind}: {other.recv(100)!r}")
            except OSError:
                heard.append(f"{kind}: connected")


def _receive(kind: str, line: socket.socket, heard: list[str]) -> None:
    while True:
        try:
            heard.append(f"{kind}: {line.recv(100)!r}")
        except OSError:
            return


# -- pages -------------------------------------------------------------------------


def active_content(page: str, token: str) -> list[str]:
    """Return pieces of a page that a browser would run for a case of the bank."""
    patterns = [
        rf"<script[^>]*>[^<]*{token}",
        rf"<(?:img|svg|iframe|body|a)\b[^>]*\son\w+\s*=[^>]*{token}",
        rf"(?:href|src)\s*=\s*[\"']?\s*javascript:[^>]*{token}",
    ]
    return [m.group(0)[:200] for p in patterns for m in re.finditer(p, page, re.I)]
