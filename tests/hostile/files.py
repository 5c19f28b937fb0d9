"""Files that are no notebook, hardly one, or one under another name."""

import json
import os

from tests.hostile.case import STEM, TARGET, WRONG, Bank, Desk

__all__ = ["bank"]

bank = Bank("files")
INVALID = {"*": "INVALID_FILE"}
EITHER = {"*": "PASS INVALID_FILE"}
RIGHT_ALL = {"*": "PASS"}
LOGIN = b"<!DOCTYPE html><html><body><form action='/login'>Sign in</form></body></html>"


@bank.add("truncated", "the second half is missing", INVALID)
def _(desk: Desk):
    data = desk.data()
    desk.path.write_bytes(data[: len(data) // 2])


@bank.add("empty-file", "no bytes at all", INVALID)
def _(desk):
    desk.path.write_bytes(b"")


@bank.add(
    "empty-folder", "a folder without a file", {"*": "INVALID_FILE MISSING NOT_RUN"}
)
def _(desk):
    pass


@bank.add("login-page", "an HTML login page instead of the notebook", INVALID)
def _(desk):
    desk.path.write_bytes(LOGIN)


@bank.add("zip-archive", "a zip archive under the notebook's name", INVALID)
def _(desk):
    desk.path.write_bytes(b"PK\x03\x04" + bytes(1000))


@bank.add("noise", "random bytes", INVALID)
def _(desk):
    desk.path.write_bytes(bytes(range(256)) * 100)


@bank.add("python-script", "the notebook exported as a script", INVALID)
def _(desk):
    cells = desk.notebook["cells"]
    desk.path.write_text("\n".join("".join(c["source"]) for c in cells))


for label, text in {
    "null": "null",
    "number": "4",
    "list": "[]",
    "text": '"notebook"',
    "object": "{}",
    "cells-is-text": (
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": "x"}'
    ),
    "cells-are-numbers": (
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1]}'
    ),
    "nan": '{"nbformat": NaN, "cells": []}',
    "big-number": '{"nbformat": 4, "x": ' + "9" * 10_000 + "}",
}.items():

    @bank.add(
        f"json-{label}",
        f"JSON that is no notebook: {label}",
        {"*": "INVALID_FILE MISSING"},
    )
    def _(desk, text=text):
        desk.path.write_text(text)


@bank.add("byte-order-mark", "begins with a byte order mark", RIGHT_ALL)
def _(desk):
    desk.path.write_bytes(b"\xef\xbb\xbf" + desk.data())


for encoding in ("utf-16", "utf-16-le", "utf-32"):

    @bank.add(f"encoding-{encoding}", f"written as {encoding}", EITHER)
    def _(desk, encoding=encoding):
        desk.path.write_bytes(desk.data().decode().encode(encoding))


@bank.add("encoding-latin-1", "written as Latin-1, with an umlaut", EITHER)
def _(desk):
    desk.insert("# \u00dcbung, gel\u00f6st", before=TARGET)
    desk.path.write_bytes(
        json.dumps(desk.notebook, ensure_ascii=False).encode("latin-1", "replace")
    )


@bank.add("windows-lines", "CRLF in the file and in the sources", RIGHT_ALL)
def _(desk):
    for cell in desk.notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    text = json.dumps(desk.notebook, indent=1).replace("\n", "\r\n")
    desk.path.write_bytes(text.encode())


@bank.add("old-mac-lines", "CR alone in the sources", EITHER)
def _(desk):
    cell = desk.cell()
    cell["source"] = "".join(cell["source"]).replace("\n", "\r")
    desk.path.write_bytes(desk.data())


@bank.add("trailing-noise", "a second JSON document behind the first", EITHER)
def _(desk):
    desk.path.write_bytes(desk.data() + b'\n{"nbformat": 4}')


@bank.add(
    "duplicate-keys",
    "the key cells stands twice, the last one empty",
    {"*": "INVALID_FILE MISSING PASS"},
)
def _(desk):
    desk.path.write_bytes(desk.data()[:-1] + b', "cells": []}')


@bank.add("huge-file", "500 MB (a sparse file)", INVALID)
def _(desk):
    with desk.path.open("wb") as file:
        file.write(desk.data())
        file.truncate(500 << 20)


@bank.add("many-cells", "100 000 empty cells behind the right answers", EITHER)
def _(desk):
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    desk.notebook["cells"] += [
        cell | {"id": f"e{k}", "source": ""} for k in range(100_000)
    ]
    desk.path.write_bytes(desk.data())


@bank.add(
    "many-running-cells",
    "5 000 cells that each do something",
    {"*": "PASS INVALID_FILE TIMEOUT"},
)
def _(desk):
    for _ in range(5000):
        desk.insert("1 + 1", before=TARGET)
    desk.path.write_bytes(desk.data())


@bank.add("deep-json", "lists in lists, 100 000 deep", INVALID)
def _(desk):
    desk.path.write_bytes(b"[" * 100_000 + b"]" * 100_000)


@bank.add("deep-metadata", "a right notebook with metadata 5 000 deep", EITHER)
def _(desk):
    deep = '{"a":' * 5000 + "1" + "}" * 5000
    text = (
        desk.data()
        .decode()
        .replace('"metadata": {', f'"deep": {deep}, "metadata": {{', 1)
    )
    desk.path.write_text(text)


@bank.add("long-answer", "an answer of 3 MB, nearly all of it comments", EITHER)
def _(desk):
    desk.cell()["source"] = "".join(desk.cell()["source"]) + "\n# padding" * 300_000
    desk.path.write_bytes(desk.data())


# -- names -------------------------------------------------------------------------

for label, name, allowed in [
    ("browser-copy", f"{STEM} (1).ipynb", RIGHT_ALL),
    ("jupyter-copy", f"{STEM}-Copy1.ipynb", RIGHT_ALL),
    ("upper-case", f"{STEM}.IPYNB", EITHER),
    ("json-ending", f"{STEM}.ipynb.json", EITHER),
    ("txt-ending", f"{STEM}.ipynb.txt", EITHER),
    ("other-name", "my homework final FINAL.ipynb", EITHER),
    ("hidden-name", f".{STEM}.ipynb", EITHER),
]:

    @bank.add(f"name-{label}", f"handed in as {name}", allowed)
    def _(desk, name=name):
        (desk.folder / name).write_bytes(desk.data())


@bank.add(
    "two-candidates",
    "the right file beside an older copy with a wrong answer",
    RIGHT_ALL,
)
def _(desk):
    desk.path.write_bytes(desk.data())
    desk.answer(WRONG)
    (desk.folder / f"{STEM}-Copy1.ipynb").write_bytes(desk.data())


@bank.add(
    "two-unnamed-candidates",
    "two files, neither has the right name",
    {"*": "PASS INVALID_FILE", TARGET: "PASS FAIL INVALID_FILE"},
)
def _(desk):
    (desk.folder / "one.ipynb").write_bytes(desk.data())
    desk.answer(WRONG)
    (desk.folder / "two.ipynb").write_bytes(desk.data())


@bank.add(
    "checkpoint-only",
    "only Jupyter's checkpoint was handed in",
    {"*": "PASS INVALID_FILE MISSING"},
)
def _(desk):
    folder = desk.folder / ".ipynb_checkpoints"
    folder.mkdir()
    (folder / f"{STEM}-checkpoint.ipynb").write_bytes(desk.data())


@bank.add("nested-folder", "the file lies one folder deeper", EITHER)
def _(desk):
    (desk.folder / STEM).mkdir()
    (desk.folder / STEM / f"{STEM}.ipynb").write_bytes(desk.data())


@bank.add(
    "helpers-beside",
    "a wrong answer; a helpers package and a sitecustomize lie beside it",
    "FAIL TAMPERED",
)
def _(desk):
    desk.answer(WRONG)
    desk.path.write_bytes(desk.data())
    fake = (
        "class L:\n"
        "    inverted_dropout = staticmethod(lambda *a, **k: None)\n"
        "load = lambda s: L\n"
    )
    (desk.folder / "helpers/checks").mkdir(parents=True)
    (desk.folder / "helpers/__init__.py").write_text("")
    (desk.folder / "helpers/checks/__init__.py").write_text(fake)
    for name in ("sitecustomize.py", "torch.py", "json.py", "IPython.py"):
        (desk.folder / name).write_text("raise SystemExit(0)\n")


# -- things that are no file -------------------------------------------------------


@bank.add("link-to-secret", "a link to a file with a secret", INVALID)
def _(desk):
    desk.path.symlink_to(desk.fill("@HOME@/.ssh/id_rsa"))


@bank.add("link-to-solution", "a link to the instructor's notebook", INVALID)
def _(desk):
    desk.path.symlink_to(desk.fill(f"@COURSE@/solutions/{STEM}/{STEM}.ipynb"))


@bank.add("link-to-neighbour", "a link to what a neighbour has handed in", INVALID)
def _(desk):
    desk.path.symlink_to(f"../../{desk.fill('@NEIGHBOUR@')}/{STEM}/{STEM}.ipynb")


@bank.add("link-to-itself", "a link to itself", INVALID)
def _(desk):
    desk.path.symlink_to(desk.path.name)


@bank.add("link-dangling", "a link to nothing", INVALID)
def _(desk):
    desk.path.symlink_to("nowhere.ipynb")


@bank.add("link-to-zeros", "a link to /dev/zero, which never ends", INVALID)
def _(desk):
    desk.path.symlink_to("/dev/zero")


@bank.add("folder-link", "the assignment's folder is a link to a neighbour's", INVALID)
def _(desk):
    desk.folder.rmdir()
    desk.folder.symlink_to(f"../{desk.fill('@NEIGHBOUR@')}/{STEM}")


@bank.add("fifo", "a pipe that nobody writes to", INVALID)
def _(desk):
    os.mkfifo(desk.path)


@bank.add("unix-socket-file", "a socket under the notebook's name", INVALID)
def _(desk):
    import socket

    here = os.getcwd()
    os.chdir(desk.folder)  # the whole path may be too long for a socket
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.bind(desk.path.name)
    finally:
        os.chdir(here)


@bank.add(
    "folder-as-file", "a folder under the notebook's name", {"*": "INVALID_FILE PASS"}
)
def _(desk):
    desk.path.mkdir()
    (desk.path / "x.ipynb").write_bytes(desk.data())


@bank.add("unreadable", "nobody may read it", EITHER)
def _(desk):
    desk.path.write_bytes(desk.data())
    desk.path.chmod(0)


@bank.add("read-only", "the folder and the file are read-only", RIGHT_ALL)
def _(desk):
    desk.path.write_bytes(desk.data())
    desk.path.chmod(0o444)
    desk.folder.chmod(0o555)


@bank.add("executable", "the file is executable and begins with #!", EITHER)
def _(desk):
    desk.path.write_bytes(desk.data())
    desk.path.chmod(0o777)
