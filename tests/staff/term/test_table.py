"""Tables: read in whatever form they come, written so that nothing in them runs."""

import pytest

from staff.course import CourseError
from staff.term.table import cell, plain, read_table, to_csv


@pytest.mark.parametrize(
    "text",
    [
        *('=HYPERLINK("http://x")', "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)"),
        *("\t=1+1", "\r=1+1", "\n=1", "  =1+1", "＝1", "--1", "-1-1", "+1e5+1"),
    ],
)
def test_nothing_begins_like_a_formula(text):
    assert cell(text) == f"'{text}"
    assert plain(cell(text)).strip() == text.strip()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((-0.25, "-0.25"), (-3, "-3"), ("-3", "-3"), ("-1.5", "-1.5"), (2.0, "2")),
        *(
            (1 / 3, "0.3333"),
            (None, ""),
            ("ada", "ada"),
            (0.0, "0"),
            (-0.0, "0"),
            ("-", "-"),
        ),
    ],
)
def test_numbers_stay_numbers(value, shown):
    assert cell(value) == shown


def test_a_row_is_quoted_as_csv():
    assert to_csv([["a,b", '=1"', -1.0]]) == '"a,b","\'=1""",-1\n'


@pytest.mark.parametrize(
    "content",
    [
        b"id,name\nada,A\n",
        b"\xef\xbb\xbfid;name\r\nada;A\r\n",
        "id\tname\nada\tA\n".encode("utf-16"),
        b'id,name\n\n"ada",A\n,,\n',
    ],
)
def test_files_of_many_programs(tmp_path, content):
    path = tmp_path / "class.csv"
    path.write_bytes(content)
    table = read_table(path)
    assert (table.header, table.rows) == (["id", "name"], [["ada", "A"]])


def test_what_is_no_table_says_what_to_do(tmp_path):
    path = tmp_path / "class.csv"
    with pytest.raises(CourseError, match="cannot be read"):
        read_table(path)
    path.write_bytes(b"name\nJos\xe9\n")
    with pytest.raises(CourseError, match=r"UTF-8 \(byte 8 .*CSV UTF-8"):
        read_table(path)
    path.write_bytes(b" \n")
    with pytest.raises(CourseError, match="first row with titles"):
        read_table(path)


def test_titles_are_found_whatever_their_case(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text("SIS Login ID , E-Mail\na,b\n")
    table = read_table(path)
    assert table.column("sis_login_id") == 0
    assert table.column("nothing", "email") == 1
    assert table.column("nothing") is None
    assert table.where(0) == "class.csv, line 2"
