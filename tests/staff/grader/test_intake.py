"""Files of every kind: what is read, what is refused and with which words."""

import hashlib
import json
import os
import time
import tracemalloc

import nbformat
import pytest

from staff.grader import intake
from staff.grader.decode import Limits, decode
from staff.grader.files import Refused, keep_original, read_below, shown
from staff.grader.intake import Candidate, originals, read
from tests.staff.grader.sheets import STEM, Sheet, answers, bank, bundle, read_bytes


def answered(**more):
    return Sheet().fill(inverted_dropout=RIGHT, **more)


RIGHT = bank(STEM, "inverted_dropout")[0]
PLAIN = answered().bytes()


def utf16(content):
    return content.decode().encode("utf-16")


# -- bytes that are a notebook ------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        utf16(PLAIN),
        PLAIN.decode().encode("utf-16-le"),
        PLAIN.decode().encode("utf-32"),
        PLAIN.replace(b"\n", b"\r\n"),
        PLAIN.replace(b"\\n", b"\\r\\n"),
        PLAIN.replace(b"\\n", b"\\r"),
        b"\n\n  " + PLAIN + b"\n\n",
        json.dumps(json.loads(PLAIN), ensure_ascii=False).encode(),
    ],
)
def test_every_encoding_gives_the_same_steps(tmp_path, content):
    found = read_bytes(tmp_path, content)
    expected = read_bytes(tmp_path, PLAIN)
    assert found.invalid == ""
    assert found.steps == expected.steps
    assert answers(found) == {"inverted_dropout": RIGHT}
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_damaged_letters_are_replaced_and_said(tmp_path):
    content = PLAIN.replace(b"Dropout", b"Dr\xff\xfeput", 1)
    found = read_bytes(tmp_path, content)
    assert answers(found) == {"inverted_dropout": RIGHT}
    assert any("letters" in line for line in found.repairs)


def test_sources_may_be_lists(tmp_path):
    sheet = answered()
    for cell in sheet.cells:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    assert answers(sheet.read(tmp_path)) == {"inverted_dropout": RIGHT}


@pytest.mark.parametrize("version", [2, 3])
def test_old_formats_are_read_as_nbformat_does(tmp_path, version):
    old = nbformat.convert(nbformat.reads(PLAIN.decode(), as_version=4), 3)
    text = nbformat.writes(old, version=nbformat.NO_CONVERT)
    data = json.loads(text)
    data["nbformat"] = version
    found = read_bytes(tmp_path, json.dumps(data).encode())
    assert answers(found) == {"inverted_dropout": RIGHT}
    new = nbformat.reads(text, as_version=4)
    ours = [c.source for c in decode(text.encode()).cells if c.kind == "code"]
    assert ours == [c.source for c in new.cells if c.cell_type == "code"]


def test_ids_longer_than_any_are_none():
    cell = {"cell_type": "code", "source": "x = 1", "metadata": {}}
    cells = [{**cell, "id": "a" * length} for length in (200, 201)]
    found = decode(json.dumps({"cells": cells, "metadata": {}}).encode()).cells
    assert [cell.id for cell in found] == ["a" * 200, ""]


def strange_versions():
    for key, value in [("nbformat", 7), ("nbformat", "x"), ("nbformat_minor", 99)]:
        yield {key: value}
    for value in (None, [], "x", {"kernelspec": 3}, {"language_info": []}):
        yield {"metadata": value}


@pytest.mark.parametrize("change", strange_versions(), ids=str)
def test_versions_and_metadata_do_not_matter(tmp_path, change):
    sheet = answered()
    sheet.data |= change
    assert answers(sheet.read(tmp_path)) == {"inverted_dropout": RIGHT}
    del sheet.data[next(iter(change))]
    assert answers(sheet.read(tmp_path)) == {"inverted_dropout": RIGHT}


def test_another_language_is_said_another_environment_is_not(tmp_path):
    sheet = answered()
    sheet.data["metadata"]["kernelspec"] = {"name": "course-env", "language": "python"}
    assert sheet.read(tmp_path).repairs == ()
    sheet.data["metadata"]["kernelspec"] = {"name": "ir", "language": "R"}
    assert any("Python" in line for line in sheet.read(tmp_path).repairs)


@pytest.mark.parametrize(
    "cell",
    [
        *(None, 3, "text", [], {}, {"cell_type": "code"}, {"cell_type": []}),
        {"cell_type": "quantum", "source": "def inverted_dropout(): pass"},
        {"cell_type": "code", "source": None, "metadata": None},
        {"cell_type": "code", "source": [1, None, ["x"]], "id": 4, "metadata": []},
        {"cell_type": "code", "source": "x", "metadata": {"nbgrader": [1]}},
        {
            "cell_type": "code",
            "source": "x",
            "metadata": {"nbgrader": {"grade_id": {}}},
        },
        {"cell_type": "code", "source": "x", "id": "\ud800" * 10},
        {"cell_type": "markdown", "source": {"a": 1}},
    ],
    ids=str,
)
def test_damaged_cells_harm_nobody(tmp_path, cell):
    sheet = answered()
    sheet.cells.insert(4, cell)
    found = sheet.read(tmp_path)
    assert answers(found) == {"inverted_dropout": RIGHT}
    json.dumps([step.source + step.cell for step in found.steps]).encode()


def test_null_characters_and_lone_surrogates_are_taken_out(tmp_path):
    source = RIGHT + "\n# \0 \ud800 end"
    found = Sheet().fill(inverted_dropout=source).read(tmp_path)
    text = answers(found)["inverted_dropout"]
    assert "\0" not in text
    assert text.encode("utf-8").endswith(b"?" + b" end")
    assert any("null" in line for line in found.repairs)


# -- bytes that are none -------------------------------------------------------------

PAGE = b"<!DOCTYPE html>\n<html><body>Please log in</body></html>"
BAD = [
    (b"", "empty"),
    (b" \n\t\n", "empty"),
    (PAGE, "web page"),
    (b"\n <HTML>x", "web page"),
    (b"PK\x03\x04rest", "ZIP"),
    (b"%PDF-1.7", "PDF"),
    (b"\x1f\x8b\x08\0\0\0", "compressed"),
    (b"import torch\n\n\ndef f(): pass\n", "Python script"),
    (b"Traceback: oh", "begins with “Traceback: oh”"),
    (PLAIN[: len(PLAIN) // 2], "breaks off"),
    (PLAIN[:-2], "breaks off"),
    (PLAIN[: PLAIN.index(b'",\n', len(PLAIN) // 2) + 3] + b"}", "damaged at line"),
    (PLAIN.replace(b'"cells"', b"cells"), "damaged at line"),
    (b"[]", "no notebook"),
    (b'"text"', "no notebook"),
    (b"null", "no notebook"),
    (b"{}", "no cells"),
    (b'{"cells": {"a": 1}}', "no cells"),
    (b'{"worksheets": [1, {"cells": 3}]}', "another notebook"),
    (b'{"cells": []}', "another notebook"),
    (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested far deeper"),
    (b'{"a":' * 100_000, "nested far deeper"),
    (b'{"cells": [' + b"{}," * 1_100_000 + b"{}]}", "more complicated"),
    (b'{"cells": [' + b"{}," * 100_000 + b"{}]}", "100,001 cells"),
    (b'{"cells": [' + b"1" * 5_000 + b"]}", "no notebook"),
    (bytes(range(256)) * 40, "no notebook"),
    (b"\xff\xfe" + b"\0\xd8" * 1000, "no notebook"),
]


@pytest.mark.parametrize(("content", "words"), BAD, ids=[words for _, words in BAD])
def test_what_is_no_notebook_is_said(tmp_path, content, words):
    found = read_bytes(tmp_path, content)
    assert words in found.invalid
    assert found.invalid.isprintable()
    assert len(found.invalid) < 300
    assert (found.steps, found.missing) == ((), frozenset())
    assert found.sha256 == hashlib.sha256(content).hexdigest()


def test_another_assignment_is_no_submission(tmp_path):
    assert "another notebook" in read_bytes(tmp_path, Sheet("03_l1_l2").bytes()).invalid


def test_more_code_than_anyone_writes_is_refused(tmp_path):
    sheet = answered()
    sheet.insert(3, "x = '" + "a" * 1_000_000 + "'")
    assert "characters of code" in sheet.read(tmp_path).invalid


@pytest.mark.parametrize(
    "source",
    [
        *("-" * 150_000 + "1", "(" * 150_000, "a" + ".b" * 70_000, "a=" * 70_000 + "1"),
        *(
            "if 1:\n pass\n" + "elif 1:\n pass\n" * 9_000,
            "9" * 150_000,
            "\\\n" * 70_000,
        ),
        *("%" * 190_000, "?" * 190_000, "a = " * 40_000 + "%x", "def f(" * 20_000),
        *(
            "x?\n" * 60_000,
            " \n" * 90_000,
            "%%time\n" * 20_000,
            "[a, " * 40_000 + "= !",
        ),
    ],
    ids=lambda source: source[:8],
)
@pytest.mark.timeout(60)
def test_code_made_to_break_parsers_is_read_in_time(tmp_path, source):
    sheet = answered(Dropout=source)
    sheet.insert(5, source)
    sheet["setup"]["source"] = source
    start = time.process_time()
    found = sheet.read(tmp_path)
    assert found.invalid == ""
    assert answers(found)["inverted_dropout"] == RIGHT
    assert time.process_time() - start < 15


@pytest.mark.timeout(60)
def test_five_thousand_cells_are_read_in_time(tmp_path):
    sheet = answered().strip(ids=True)
    for k in range(5_000 - len(sheet.cells)):
        sheet.insert(20, f"check.inverted_dropout(inverted_dropout)  # {k}")
    start = time.process_time()
    assert answers(sheet.read(tmp_path)) == {"inverted_dropout": RIGHT}
    assert time.process_time() - start < 15


# -- what lies there instead of a file -----------------------------------------------


def place(folder):
    path = folder / "ada" / STEM / f"{STEM}.ipynb"
    path.parent.mkdir(parents=True)
    return path, Candidate("ada", folder, path.relative_to(folder).parts)


def test_a_link_to_a_secret_is_refused(tmp_path):
    path, candidate = place(tmp_path / "submitted")
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(PLAIN)
    path.symlink_to(secret)
    found = read(candidate, bundle())
    assert "is a link" in found.invalid
    assert (found.sha256, found.steps) == ("", ())


@pytest.mark.parametrize("level", [0, 1])
def test_a_link_on_the_way_is_refused(tmp_path, level):
    path, candidate = place(tmp_path / "elsewhere")
    path.write_bytes(PLAIN)
    base = tmp_path / "submitted"
    base.joinpath(*candidate.parts[:level]).mkdir(parents=True)
    inner = candidate.parts[: level + 1]
    base.joinpath(*inner).symlink_to(tmp_path.joinpath("elsewhere", *inner))
    moved = Candidate("ada", base, candidate.parts)
    assert "is a link" in read(moved, bundle()).invalid
    with pytest.raises(Refused, match="link"):
        read_below(base, candidate.parts, 100)


@pytest.mark.parametrize(
    "parts", [("..", "x"), (".",), ("a/../../x",), ("",), ("a\0",)]
)
def test_paths_lead_nowhere_else(tmp_path, parts):
    (tmp_path / "x").write_text("secret")
    (tmp_path / "base").mkdir()
    with pytest.raises(Refused, match="cannot be the name"):
        read_below(tmp_path / "base", parts, 100)


@pytest.mark.timeout(10)
def test_a_pipe_does_not_block(tmp_path):
    path, candidate = place(tmp_path)
    os.mkfifo(path)
    assert "no ordinary file" in read(candidate, bundle()).invalid


def test_a_folder_is_no_file(tmp_path):
    path, candidate = place(tmp_path)
    path.mkdir()
    assert "no ordinary file" in read(candidate, bundle()).invalid


@pytest.mark.timeout(10)
def test_a_device_is_no_file():
    found = read(Candidate("ada", intake.Path("/dev"), ("zero",)), bundle())
    assert "no ordinary file" in found.invalid


def test_an_unreadable_file_is_said(tmp_path, monkeypatch):
    _, candidate = place(tmp_path)
    assert "not there any more" in read(candidate, bundle()).invalid
    monkeypatch.setattr(os, "open", refuse)
    assert "cannot be read (Permission denied)" in read(candidate, bundle()).invalid


def refuse(*_, **__):
    raise PermissionError(13, "Permission denied")


@pytest.mark.timeout(20)
def test_half_a_gigabyte_is_refused_unread(tmp_path):
    path, candidate = place(tmp_path)
    with path.open("wb") as file:
        file.truncate(500_000_000)
    tracemalloc.start()
    found = read(candidate, bundle())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "500 MB" in found.invalid
    assert found.sha256 == ""
    assert peak < 5_000_000


def test_limits_can_be_set(tmp_path):
    path, candidate = place(tmp_path)
    path.write_bytes(PLAIN)
    for limits in (Limits(size=1000), Limits(cells=10), Limits(code=100)):
        assert read(candidate, bundle(), limits).invalid
    assert read(candidate, bundle(), Limits()).invalid == ""


def test_a_refused_name_is_never_read_or_kept(tmp_path):
    path, candidate = place(tmp_path)
    path.write_bytes(PLAIN)
    refused = Candidate("", tmp_path, candidate.parts, problem="not a name")
    found = read(refused, bundle(), grading=tmp_path / "grading")
    assert (found.student, found.invalid, found.sha256) == ("", "not a name", "")
    assert not (tmp_path / "grading").exists()


# -- originals -------------------------------------------------------------------------


def test_originals_are_kept_by_content(tmp_path):
    path, candidate = place(tmp_path / "submitted")
    for content in (PLAIN, PAGE, PLAIN):
        path.write_bytes(content)
        read(candidate, bundle(), grading=tmp_path)
    folder = tmp_path / "originals" / "ada" / STEM
    kept = {file.stem: file.read_bytes() for file in folder.iterdir()}
    assert {*kept.values()} == {PLAIN, PAGE}
    assert all(hashlib.sha256(each).hexdigest() == name for name, each in kept.items())


def test_a_broken_write_leaves_no_original(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        keep_original(tmp_path / "kept", PLAIN)
    assert [*(tmp_path / "kept").iterdir()] == []


@pytest.mark.parametrize("name", ["../x", "", "=cmd()", "a/b"])
def test_originals_need_a_name(tmp_path, name):
    with pytest.raises(ValueError, match="expected a learner's name"):
        originals(tmp_path, name, STEM)


def test_shown_is_one_printable_line():
    assert shown("a\nb\x1b[31m\u202e\ud800") == "a\\nb\\x1b[31m\\u202e\\ud800"
    assert shown("x" * 500, 10) == "x" * 9 + "…"
