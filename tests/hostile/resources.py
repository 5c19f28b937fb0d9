"""Answers that ask for more memory, disk, descriptors or output than there is."""

from tests.hostile.case import RIGHT, TARGET, WRONG, Bank

__all__ = ["bank"]

bank = Bank("resources")

# -- memory ------------------------------------------------------------------------

bank.instead(
    "memory-at-once", "100 GB in one bytearray", "OOM", "hoard = bytearray(100 << 30)"
)
bank.instead(
    "memory-torch", "100 GB in one tensor", "OOM", "hoard = torch.empty(25 << 30)"
)
bank.inside(
    "memory-in-function",
    "100 GB when called",
    "OOM FAIL ERROR",
    "hoard = bytearray(100 << 30)",
)
bank.inside(
    "memory-numpy",
    "100 GB of zeros when called",
    "OOM FAIL ERROR",
    "import numpy\nhoard = numpy.zeros(100 << 27); hoard += 1",
)
bank.instead(
    "memory-slowly",
    "64 MB again and again, up to 6 GB",
    "OOM TIMEOUT",
    """
    hoard = []
    while len(hoard) < 96:
        hoard.append(b"x" * (64 << 20))
    """,
)
bank.inside(
    "memory-slowly-in-function",
    "64 MB again and again when called, up to 6 GB",
    "OOM FAIL ERROR TIMEOUT",
    """
    hoard = []
    while len(hoard) < 96:
        hoard.append(b"x" * (64 << 20))
    """,
)
bank.instead(
    "memory-swallowed",
    "catches MemoryError and asks again, up to 6 GB",
    "OOM TIMEOUT",
    """
    hoard = []
    while True:
        try:
            if len(hoard) < 96:
                hoard.append(b"x" * (64 << 20))
        except MemoryError:
            pass
    """,
)
bank.inside(
    "memory-in-children",
    "eight children take 700 MB each when called",
    "OOM CRASHED TIMEOUT FAIL ERROR",
    """
    import os, time
    for _ in range(8):
        if os.fork() == 0:
            hoard = b"x" * (700 << 20)
            time.sleep(20)
            os._exit(0)
    time.sleep(20)
    """,
)
bank.inside(
    "memory-mapped",
    "maps and touches shared memory, up to 6 GB",
    "OOM CRASHED FAIL ERROR TIMEOUT",
    """
    import mmap
    hoard = [mmap.mmap(-1, 64 << 20) for _ in range(96)]
    for block in hoard:
        block[:] = b"x" * len(block)
    """,
)
bank.instead(
    "list-that-grows",
    "a list that never ends (2 GB of it)",
    "OOM TIMEOUT ERROR",
    "hoard = list(range(10 ** 11))",
)

bank.beside(
    "memory-kept",
    "a right answer that leaves next to no memory for the others",
    "PASS OOM TIMEOUT",
    "hoard = bytearray(int(3.96 * 2**30))",
    RIGHT,
)
bank.beside(
    "memory-kept-in-use",
    "a right answer that keeps 2.25 GB in use",
    "PASS OOM TIMEOUT",
    "hoard = torch.ones(9 << 26)",
    RIGHT,
)
bank.beside(
    "memory-in-odd-name",
    "a program whose name is no text takes 6 GB",
    "PASS OOM",
    """
    import os, subprocess, sys, tempfile
    name = os.fsencode(tempfile.mkdtemp()) + b"/\\xff\\xfe)"
    os.symlink(sys.executable, name)
    code = "import time; hoard = [b'x' * (64 << 20) for _ in range(96)]; time.sleep(60)"
    subprocess.Popen([name, "-c", code])
    import time; time.sleep(2)
    """,
    RIGHT,
)

# -- disk --------------------------------------------------------------------------

FILL = """
import os
block, written = b"x" * (8 << 20), 0
with open(os.path.join(%s, "@RUN@.fill"), "wb") as file:
    while written < 2 << 30:
        written += file.write(block)
raise RuntimeError("there was room for 2 GB")
"""
for label, place in {
    "shm": '"/dev/shm"',
    "tmp": '"/tmp"',
    "tmpdir": '__import__("tempfile").gettempdir()',
    "here": '"."',
    "home": 'os.path.expanduser("~")',
}.items():
    bank.instead(
        f"disk-{label}",
        f"2 GB in a file in {place}",
        "ERROR OOM OUTPUT_LIMIT CRASHED TIMEOUT",
        FILL % place,
    )
bank.beside(
    "disk-quietly",
    "a right answer that has filled the temporary folder with files, errors ignored",
    "PASS OUTPUT_LIMIT OOM TIMEOUT",
    """
    import tempfile
    folder = tempfile.mkdtemp()
    try:
        for number in range(256):
            with open(f"{folder}/@RUN@-{number}", "wb") as file:
                file.write(b"x" * (8 << 20))
    except (OSError, MemoryError):
        pass
    """,
    RIGHT,
)
bank.instead(
    "million-files",
    "200 000 files",
    "ERROR TIMEOUT OUTPUT_LIMIT OOM CRASHED",
    """
    import tempfile
    folder = tempfile.mkdtemp()
    for number in range(200_000):
        open(f"{folder}/@RUN@-{number}", "w").close()
    raise RuntimeError("there was room for 200 000 files")
    """,
)
bank.inside(
    "sparse-file",
    "a sparse file of 1 TB when called",
    "FAIL CRASHED OUTPUT_LIMIT ERROR",
    "import tempfile; tempfile.TemporaryFile().truncate(1 << 40)",
)
bank.inside(
    "deep-folders",
    "folders in folders, 3000 deep",
    "FAIL ERROR CRASHED TIMEOUT",
    """
    import os, tempfile
    os.chdir(tempfile.mkdtemp())
    for _ in range(3000):
        os.mkdir("d" * 100)
        os.chdir("d" * 100)
    """,
)

# -- descriptors -------------------------------------------------------------------

bank.instead(
    "too-many-files",
    "opens 100 000 descriptors and keeps them",
    "ERROR",
    """
    import os
    kept = [os.open("/dev/null", os.O_RDONLY) for _ in range(100_000)]
    raise RuntimeError("there was room")
    """,
)
bank.instead(
    "too-many-sockets",
    "opens 100 000 sockets and keeps them",
    "ERROR",
    """
    import socket
    kept = [socket.socket() for _ in range(100_000)]
    raise RuntimeError("there was room")
    """,
)
bank.inside(
    "descriptors-swallowed",
    "uses up all descriptors while the check runs",
    "FAIL ERROR CRASHED TAMPERED INFRA",
    """
    import os
    try:
        globals().setdefault("kept", []).extend(os.pipe() for _ in range(100_000))
    except OSError:
        pass
    """,
)
bank.beside(
    "descriptors-closed",
    "closes every descriptor it can",
    "CRASHED TAMPERED FAIL PASS ERROR",
    "import os; os.closerange(0, 65_536)",
    RIGHT,
)
bank.inside(
    "descriptors-closed-in-function",
    "closes every descriptor when called",
    "CRASHED TAMPERED FAIL ERROR",
    "import os; os.closerange(0, 65_536)",
)

# -- output ------------------------------------------------------------------------

bank.instead(
    "many-lines",
    "200 000 lines and no answer",
    "MISSING ERROR FAIL OUTPUT_LIMIT",
    "for k in range(200_000): print(k)",
)
bank.beside(
    "many-lines-right",
    "a right answer that prints 200 000 lines",
    "PASS OUTPUT_LIMIT",
    "for k in range(200_000): print(k)",
    RIGHT,
)
bank.beside(
    "one-long-line",
    "one line of 50 MB",
    "OUTPUT_LIMIT",
    'print("x" * 50_000_000)',
    RIGHT,
)
bank.notebook("many-loud-cells", "250 cells of its own print 30 000 symbols", "PASS")(
    lambda desk: [
        desk.insert("print('\\U0001F600' * 30_000)", before=TARGET) for _ in range(250)
    ]
)
bank.beside(
    "heavy-html",
    "50 MB of HTML",
    "OUTPUT_LIMIT PASS",
    'from IPython.display import HTML, display\ndisplay(HTML("<p>x</p>" * 6_250_000))',
    RIGHT,
)
bank.instead(
    "endless-printing",
    "prints for ever",
    "OUTPUT_LIMIT TIMEOUT",
    'while True: print("x" * 1000)',
)
bank.inside(
    "endless-printing-in-function",
    "prints for ever when called",
    "OUTPUT_LIMIT TIMEOUT",
    'while True: print("x" * 1000)',
)
bank.inside(
    "endless-printing-raw",
    "writes to descriptors 1 and 2 for ever",
    "OUTPUT_LIMIT TIMEOUT",
    'import os\nwhile True: os.write(1, b"x" * 65_536); os.write(2, b"x" * 65_536)',
)
bank.instead(
    "endless-display",
    "displays figures for ever",
    "OUTPUT_LIMIT TIMEOUT",
    (
        "from IPython.display import display\n"
        'while True: display({"text/plain": "x" * 1000}, raw=True)'
    ),
)
bank.instead(
    "endless-warnings",
    "warns on stderr for ever",
    "OUTPUT_LIMIT TIMEOUT",
    'import sys\nwhile True: sys.stderr.write("careful!\\n" * 100)',
)
bank.inside(
    "long-message",
    "raises an exception whose message has 50 MB",
    "FAIL ERROR OUTPUT_LIMIT",
    'raise ValueError("x" * 50_000_000)',
)
bank.instead(
    "long-message-in-cell",
    "the cell raises an exception whose message has 50 MB",
    "ERROR OUTPUT_LIMIT",
    'raise ValueError("x" * 50_000_000)',
)
bank.inside(
    "long-repr",
    "returns an object whose repr has 50 MB",
    "FAIL OUTPUT_LIMIT",
    """
    class Long:
        def __repr__(self):
            return "x" * 50_000_000
    return Long()
    """,
)
bank.inside(
    "deep-recursion",
    "calls itself for ever",
    "FAIL ERROR",
    "return inverted_dropout(x, p, training, generator)",
)
bank.inside(
    "deep-recursion-in-c",
    "recursion without a limit until the stack ends",
    "CRASHED FAIL OOM",
    """
    import sys
    sys.setrecursionlimit(10 ** 9)
    def down(value):
        return repr(Nest(value))
    class Nest:
        def __init__(self, value): self.value = value
        def __repr__(self): return "%r" % [Nest(self.value)]
    return down(x)
    """,
)
STR = """
class Endless(Exception):
    def __str__(self):
        while True:
            pass
    __repr__ = __str__
raise Endless
"""
bank.instead(
    "str-loops", "raises an exception whose __str__ never ends", "TIMEOUT ERROR", STR
)
bank.inside("str-loops-in-function", "the same, when called", "TIMEOUT FAIL ERROR", STR)
bank.inside(
    "repr-loops",
    "returns an object whose repr never ends",
    "TIMEOUT FAIL",
    """
    class Endless:
        def __repr__(self):
            while True:
                pass
    return Endless()
    """,
)
bank.inside(
    "str-raises",
    "raises an exception whose __str__ raises",
    "FAIL ERROR",
    """
    class Odd(Exception):
        def __str__(self):
            raise KeyError("no text")
    raise Odd
    """,
)
bank.inside(
    "base-exception",
    "raises an exception that is no Exception",
    "FAIL ERROR",
    "class Base(BaseException): pass\nraise Base('through every except Exception')",
)
bank.instead(
    "keyboard-interrupt",
    "raises KeyboardInterrupt",
    "ERROR MISSING",
    "raise KeyboardInterrupt",
)
bank.inside(
    "keyboard-interrupt-in-function",
    "raises KeyboardInterrupt when called",
    "FAIL ERROR",
    "raise KeyboardInterrupt",
    WRONG,
)
bank.inside(
    "generator-exit",
    "raises GeneratorExit when called",
    "FAIL ERROR",
    "raise GeneratorExit",
)
bank.inside(
    "syntax-bomb",
    "compiles an expression nested too deeply",
    "FAIL ERROR CRASHED OOM",
    'eval("(" * 100_000 + ")" * 100_000)',
)
bank.instead(
    "unparsable",
    "the cell is no Python",
    "ERROR",
    "def inverted_dropout(x, p, training:\n    return",
)
bank.instead(
    "null-bytes",
    "the cell holds null bytes",
    "ERROR FAIL",
    "def inverted_dropout(x, p, t, g=None):\n    return '\x00'",
)
bank.instead(
    "surrogates",
    "the cell holds a lone surrogate",
    "ERROR FAIL",
    "text = '\ud800'\nprint(text)\n" + WRONG,
)
