"""Answers that look for secrets and carry them into whatever a student gets to see.

Only planted secrets are hunted: each looks like ``planted-`` and 32 hexadecimal digits.
"""

from tests.hostile.case import RIGHT, TARGET, WRONG, Bank

__all__ = ["bank"]

bank = Bank("leaks")
ANY = "PASS FAIL ERROR TAMPERED TIMEOUT CRASHED OOM OUTPUT_LIMIT"
SAYS = "PASS FAIL ERROR TAMPERED"  # a right answer; it raises if it finds anything
QUIET = "PASS TAMPERED TIMEOUT"  # some look through a whole disk

HUNT = r"""
import base64, glob, os, re
loot = set()

def look_at(text):
    if isinstance(text, str):
        text = text.encode(errors="replace")
    loot.update(m.decode() for m in re.findall(rb"planted-[0-9a-f]{32}", text))

def read(path, limit=8 << 20):
    try:
        with open(path, "rb") as file:
            look_at(file.read(limit))
    except (OSError, ValueError):
        pass

def walk(root, limit=3000):
    for folder, _, names in os.walk(root):
        for name in names:
            read(os.path.join(folder, name))
            limit -= 1
            if limit < 0:
                return

def carry():
    for secret in loot:
        print("loot:", secret, secret[::-1], secret.encode().hex())
        print(base64.b64encode(secret.encode()).decode(), " ".join(secret))
"""


def hunt(name: str, about: str, where: str) -> None:
    """Add a case that searches somewhere from its cell and prints what it finds."""
    bank.beside(name, about, QUIET, HUNT + where + "\ncarry()\n", RIGHT)


# -- from the cell -----------------------------------------------------------------

hunt(
    "reads-environment",
    "its environment and that of every process",
    """
look_at(repr(dict(os.environ)))
for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
    read(path)
""",
)
hunt(
    "reads-home",
    "home folders and keys",
    """
for home in {os.path.expanduser("~"), "@HOME@", "/root", os.environ.get("HOME", "/")}:
    for name in (".ssh", ".jupyter", ".aws", ".config", ".netrc", ".pgpass"):
        walk(os.path.join(home, name)); read(os.path.join(home, name))
""",
)
hunt(
    "reads-tmp",
    "temporary files of others",
    """
for place in ("@HOST_TMP@", "/dev/shm", "/var/tmp"):
    walk(place)
for path in glob.glob("/tmp/*")[:500]:
    read(path)
""",
)
hunt(
    "reads-gradebook",
    "the gradebook as bytes and as a database",
    """
for root in ("@COURSE@", os.getcwd(), os.path.dirname(os.getcwd())):
    for path in glob.glob(root + "/**/gradebook.db*", recursive=True):
        read(path)
import sqlite3
try:
    with sqlite3.connect("file:@COURSE@/grading/gradebook.db?mode=ro", uri=True) as db:
        for table in ("cell", "source_cell", "base_cell", "grade_cells", "comment"):
            try:
                look_at(repr(db.execute(f"select * from {table}").fetchall()))
            except sqlite3.Error:
                pass
except sqlite3.Error:
    pass
""",
)
hunt(
    "reads-solutions",
    "the instructor's notebooks and masters",
    """
walk("@COURSE@/solutions")
for root in ("..", "../..", os.getcwd()):
    for path in glob.glob(root + "/**/*.ipynb", recursive=True):
        read(path)
""",
)
hunt(
    "reads-submissions",
    "what the others have handed in, and their feedback",
    """
for name in ("submitted", "autograded", "feedback", "."):
    walk("@COURSE@/grading/" + name)
""",
)
hunt(
    "reads-journal",
    "everything below the course's grading folder",
    """
for folder, _, names in os.walk("@COURSE@/grading"):
    for name in names:
        read(os.path.join(folder, name))
""",
)
hunt(
    "reads-through-proc",
    "files through the root, cwd and fd links of every process",
    """
for base in glob.glob("/proc/[0-9]*/root") + glob.glob("/proc/[0-9]*/cwd"):
    for path in ("@HOME@/.ssh/id_rsa", "@HOST_TMP@/planted.txt", "solutions", "."):
        full = os.path.join(base, path.lstrip("/"))
        walk(full, 200) if os.path.isdir(full) else read(full)
for path in glob.glob("/proc/[0-9]*/fd/*"):
    try:
        if os.path.isfile(os.readlink(path)):
            read(path)
    except OSError:
        pass
""",
)
hunt(
    "reads-memory",
    "its own memory, where the grader may have been before it",
    """
with open("/proc/self/maps") as maps:
    lines = [line for line in maps if line.split()[1].startswith("rw")]
with open("/proc/self/mem", "rb", 0) as memory:
    for line in lines:
        low, high = (int(end, 16) for end in line.split()[0].split("-"))
        try:
            memory.seek(low)
            text = memory.read(min(high - low, 64 << 20))
        except (OSError, ValueError, OverflowError):
            continue
        look_at(text)
""",
)
hunt(
    "reads-memory-by-descriptor",
    "the same, opened by a way that does not say which memory it is",
    """
def beside(name, flags):
    return os.open(name, flags, dir_fd=place)

try:
    place = os.open("/proc/self", os.O_RDONLY)
    with open("maps", opener=beside) as maps:
        lines = [line for line in maps if line.split()[1].startswith("rw")]
    memory = open("mem", "rb", 0, opener=beside)
except OSError:
    lines = []
for line in lines:
    low, high = (int(end, 16) for end in line.split()[0].split("-"))
    try:
        memory.seek(low)
        look_at(memory.read(min(high - low, 64 << 20)))
    except (OSError, ValueError, OverflowError):
        continue
""",
)
hunt(
    "reads-memory-of-others",
    "the memory of every process it may read",
    """
for path in glob.glob("/proc/[0-9]*/maps"):
    if path.split("/")[2] == str(os.getpid()):
        continue
    try:
        with open(path) as maps, open(path[:-4] + "mem", "rb", 0) as memory:
            for line in list(maps)[:400]:
                if "[heap]" in line:
                    low, high = (int(end, 16) for end in line.split()[0].split("-"))
                    memory.seek(low)
                    look_at(memory.read(min(high - low, 16 << 20)))
    except (OSError, ValueError, OverflowError):
        pass
""",
)
hunt(
    "reads-objects",
    "every object that the garbage collector knows",
    """
import gc
seen = 0
for each in gc.get_objects():
    if type(each) in (dict, list, tuple):
        for value in (each.values() if type(each) is dict else each):
            if type(value) in (str, bytes) and len(value) > 30:
                look_at(value)
for kind in (type(hunt) if "hunt" in globals() else type(read),):
    for each in gc.get_objects():
        if isinstance(each, kind):
            look_at(repr(each.__code__.co_consts))
""",
)
hunt(
    "reads-frames",
    "the frames above it and all their variables",
    """
import sys
frames = list(sys._current_frames().values())
for frame in frames:
    while frame:
        for space in (frame.f_locals, frame.f_globals):
            for value in list(space.values()):
                try:
                    look_at(repr(value)[:200_000])
                except Exception:
                    pass
        look_at(repr(frame.f_code.co_consts))
        frame = frame.f_back
""",
)
hunt(
    "reads-history",
    "In, Out, linecache and IPython's history",
    """
import linecache
look_at(repr(globals().get("In"))); look_at(repr(globals().get("Out")))
look_at(repr(linecache.cache))
ip = get_ipython()
look_at(repr(vars(ip.history_manager)))
look_at(repr(list(ip.history_manager.get_range(0, raw=True))))
""",
)
hunt(
    "reads-shell",
    "runs programs that look for it",
    """
import subprocess
for command in (["env"], ["ps", "axeww"], ["cat", "@HOST_TMP@/planted.txt"],
                ["cat", "@HOME@/.ssh/id_rsa"],
                ["sh", "-c", "cat @COURSE@/solutions/*"]):
    try:
        look_at(subprocess.run(command, capture_output=True, timeout=3).stdout)
    except (OSError, subprocess.SubprocessError):
        pass
""",
)
hunt(
    "escapes-with-mount",
    "mounts, chroots and namespaces of its own",
    """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.unshare(0x10000000 | 0x00020000)
os.makedirs("m", exist_ok=True)
libc.mount(b"proc", b"m", b"proc", 0, None)
libc.mount(b"/", b"m", None, 4096 | 16384, None)
walk("m@HOME@", 200); walk("m@HOST_TMP@", 200); read("m@HOST_TMP@/planted.txt")
try:
    os.chroot("m")
    read("@HOST_TMP@/planted.txt"); walk("@HOME@", 200)
except OSError:
    pass
""",
)
hunt(
    "escapes-with-links",
    "links and hard links out of its folder",
    """
for k, path in enumerate(("@HOST_TMP@/planted.txt", "@HOME@/.ssh/id_rsa")):
    for make in (os.link, os.symlink):
        try:
            make(path, f"link-{k}-{make.__name__}")
        except OSError:
            pass
        read(f"link-{k}-{make.__name__}")
""",
)
hunt(
    "escapes-dot-dot",
    "climbs from every open folder descriptor",
    """
for fd in range(3, 256):
    for path in ("." , "..", "../..", "@HOST_TMP@".lstrip("/"), "@HOME@".lstrip("/")):
        try:
            for name in os.listdir(os.open(path, os.O_RDONLY, dir_fd=fd)):
                read(f"/proc/self/fd/{fd}/{path}/{name}")
        except OSError:
            pass
""",
)
hunt(
    "reads-core-helpers",
    "sources, bytecode and data beside the packages",
    """
import helpers, staff if False else helpers
walk(os.path.dirname(os.path.dirname(helpers.__file__)), 3000)
""".replace("import helpers, staff if False else helpers", "import helpers"),
)
hunt(
    "imports-staff",
    "the grader's own code and what it remembers",
    """
import gc, sys
for name, module in list(sys.modules.items()):
    if name.startswith(("staff", "__main__")):
        look_at(repr(vars(module))[:2_000_000])
try:
    import staff.course
    course = staff.course.Course()
    for stem in course.stems():
        read(course.solution(stem)); read(course.master(stem))
except Exception:
    pass
""",
)

# -- from the call, when the hidden test runs --------------------------------------

FRAMES = (
    HUNT
    + r"""
import sys
numbers = set()
def climb():
    import linecache
    frame = sys._getframe(1)
    while frame:
        for name, value in list(frame.f_locals.items()):
            if name in {"seed", "kwargs", "source", "code", "step", "text", "hidden"}:
                look_at(repr(value))
                numbers.update(re.findall(r"\b\d{5}\b", repr(value).replace("_", "")))
            elif isinstance(value, (str, bytes)):
                look_at(value)
        look_at(repr(frame.f_code.co_consts))
        for value in frame.f_code.co_consts:
            if isinstance(value, int) and 9999 < value < 99999:
                numbers.add(str(value))
        look_at("".join(linecache.getlines(frame.f_code.co_filename)))
        frame = frame.f_back
    look_at(repr(linecache.cache))
    return " ".join([*numbers, *loot])
"""
)


def spy(name: str, about: str, expect: str, body: str) -> None:
    """Add a case whose answer climbs the frames of the test that calls it."""
    lines = "\n".join("    " + line for line in body.strip("\n").split("\n"))
    head = "def inverted_dropout(x, p, training, generator=None):\n"
    rest = "    return right(x, p, training, generator)\n"
    answer = RIGHT.replace("inverted_dropout", "right")
    text = f"{FRAMES}\n\n{answer}\n\n{head}    found = climb()\n{lines}\n{rest}"
    bank.answers(name, about, expect, {TARGET: text})


spy("prints-the-test", "prints what the frames above say", QUIET, "print(found)")
spy(
    "stderr-the-test",
    "writes it to descriptor 2",
    QUIET,
    "os.write(2, found.encode() * 3)",
)
spy(
    "raises-the-test",
    "raises it as a message",
    SAYS,
    "if numbers: raise ValueError(found)",
)
spy(
    "raises-late",
    "raises it in the hidden part only",
    ANY,
    "if '48271' in numbers or loot: raise ValueError(found)".replace(
        "'48271'", "str(48_000 + 271)"
    ),
)
spy("warns-the-test", "warns with it", QUIET, "import warnings; warnings.warn(found)")
spy("returns-the-test", "returns it", SAYS, "if numbers: return found")
spy(
    "repr-the-test",
    "returns an object whose repr says it",
    SAYS,
    "if numbers: return type('R', (), {'__repr__': lambda self: found})()",
)
spy(
    "files-the-test",
    "writes it to files here and for the next question",
    QUIET,
    (
        "open('loot.txt', 'a').write(found)\n"
        "for fd in range(3, 64):\n"
        "    try: os.write(fd, found.encode())\n"
        "    except OSError: pass"
    ),
)
spy(
    "draws-the-test",
    "displays it as HTML and as a figure's title",
    QUIET,
    "from IPython.display import HTML, display; display(HTML(found))",
)
spy(
    "check-failed-the-test",
    "a right answer that raises a CheckFailed which says it, if there is any",
    SAYS,
    (
        "from helpers.checks import CheckFailed\n"
        "if numbers: raise CheckFailed(found, found, advice=found, "
        "mistake='not-scaled')"
    ),
)
spy(
    "names-the-test",
    "raises an exception whose class is called like it",
    "FAIL ERROR TAMPERED",
    (
        "raise type('E' + '_'.join(numbers | {l.replace('-', '_') "
        "for l in loot}), (Exception,), {})"
    ),
)
spy(
    "mistake-the-test",
    "hides it in its own line of source, shown as the place of the error",
    SAYS,
    (
        "import linecache\n"
        "source = f'raise ValueError({found!r})'\n"
        "linecache.cache['<spy>'] = (len(source), None, [source], "
        "'<spy>')\n"
        "if numbers: exec(compile(source, '<spy>', 'exec'))"
    ),
)
spy(
    "chained-the-test",
    "hides it in a chained exception and in notes",
    SAYS,
    (
        "error = ValueError('plain'); error.add_note(found)\n"
        "if numbers: raise error from KeyError(found)"
    ),
)
bank.answers(
    "passed-on-to-the-next",
    "keeps what the test's frames say and prints it from a later answer's cell",
    {TARGET: QUIET, "Dropout": QUIET},
    {
        TARGET: FRAMES
        + "\n\n"
        + RIGHT.replace("inverted_dropout", "right")
        + """
kept = []
def inverted_dropout(x, p, training, generator=None):
    kept.append(climb())
    return right(x, p, training, generator)
""",
        "Dropout": """
print([globals().get(name) for name in ("kept", "loot", "numbers")])
try:
    read("loot.txt"); carry()
except NameError:
    print("the cell before is gone")
class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(p)
        self.p = p
    def forward(self, x):
        return F.dropout(x, self.p, self.training)
""",
    },
)
bank.beside(
    "crash-report",
    "crashes with faulthandler writing tracebacks through the hidden test",
    "CRASHED ERROR",
    """
    import faulthandler, ctypes
    faulthandler.enable(file=2, all_threads=True)
    faulthandler.dump_traceback_later(0.01, repeat=True, file=2)
    def inverted_dropout(x, p, training, generator=None):
        ctypes.string_at(0)
    """,
    "",
)
bank.beside(
    "wrong-only-in-hidden",
    "right for the visible part's inputs alone: its error must not show hidden numbers",
    "FAIL ERROR",
    """
    right, known = inverted_dropout, set()
    def key(x, p):
        return tuple(x.detach().flatten().tolist()[:3]), p
    def inverted_dropout(x, p, training, generator=None):
        known.add(key(x, p))
        return right(x, p, training, generator)
    check.inverted_dropout(inverted_dropout)
    def inverted_dropout(x, p, training, generator=None):
        if key(x, p) not in known:
            raise ValueError(f"hidden number {key(x, p)}")
        return right(x, p, training, generator)
    """,
    RIGHT,
)

# -- writing where others read -----------------------------------------------------

bank.beside(
    "writes-gradebook",
    "gives itself full marks in the gradebook, and adds a student",
    "FAIL TAMPERED",
    """
    import sqlite3
    try:
        with sqlite3.connect("@COURSE@/grading/gradebook.db", timeout=0.5) as db:
            db.execute("update grade set manual_score = 99, needs_manual_grade = 0")
            db.execute("insert into student (id) values ('intruder')")
            db.execute("create table intruder (x)")
    except sqlite3.Error:
        pass
    """,
)
bank.beside(
    "writes-gradebook-bytes",
    "overwrites the gradebook and puts files beside it",
    "FAIL TAMPERED",
    """
    for name in ("gradebook.db", "gradebook.db-journal", "gradebook.db-wal", "journal"):
        try:
            with open("@COURSE@/grading/" + name, "r+b") as file:
                file.write(b"intruder")
        except OSError:
            pass
    """,
)
bank.beside(
    "writes-everywhere",
    "leaves marks in the course, the packages, home, /tmp, /var/tmp and /dev/shm",
    "FAIL TAMPERED",
    """
    import os, site, helpers
    places = ["@COURSE@", "@COURSE@/grading", "@COURSE@/grading/feedback", "@HOME@",
        "@COURSE@/grading/submitted/" + "@NEIGHBOUR@", "@HOST_TMP@", "/tmp", "/var/tmp",
        "/dev/shm", os.path.expanduser("~"), *site.getsitepackages(), "/", "/etc",
        os.path.dirname(helpers.__file__), os.path.dirname(torch.__file__)]
    for place in places:
        try:
            with open(os.path.join(place, "@RUN@.mark"), "w") as file:
                file.write("a mark of a test; delete it")
        except OSError:
            pass
    """,
)
bank.beside(
    "changes-neighbour",
    "overwrites and deletes what a neighbour has handed in",
    "FAIL TAMPERED",
    """
    import glob, os
    for path in glob.glob("@COURSE@/grading/*/@NEIGHBOUR@/**/*.*", recursive=True):
        for change in (lambda: open(path, "w").write("intruder"),
                       lambda: os.remove(path)):
            try:
                change()
            except OSError:
                pass
    """,
)
bank.beside(
    "changes-the-course",
    "empties the hidden tests and the check modules on disk",
    "FAIL TAMPERED",
    """
    import glob
    for pattern in ("solutions/**/*.ipynb", "helpers/checks/*.py", "staff/**/*.py"):
        for path in glob.glob("@COURSE@/" + pattern, recursive=True):
            try:
                open(path, "a").write("# intruder")
            except OSError:
                pass
    """,
)
bank.beside(
    "kills-nothing-but-asks",
    "asks for root: setuid, capabilities, sudo",
    "FAIL TAMPERED",
    """
    import ctypes, os, subprocess
    for ask in (lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: os.nice(-20),
                lambda: subprocess.run(["sudo", "-n", "true"], check=True)):
        try:
            ask()
        except Exception:
            pass
    """,
    WRONG,
)
