"""Reading masters: cells, roles, regions, and lines of the file in each message."""

import pytest

from staff.authoring.masters import read_master


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "90_small.py"
        path.write_text(text, encoding="utf-8")
        return read_master(path)

    return read


def problems(master):
    return [(problem.line, problem.message) for problem in master.problems]


def test_roles_names_points(read, text):
    master = read(text)
    assert problems(master) == []
    assert [cell.role for cell in master.cells] == [
        *("markdown", "setup", "code", "markdown", "solution", "look", "test"),
        *("experiment", "solution", "test", "demo"),
    ]
    assert [c.grade_id for c in master.cells if c.grade_id] == [
        *("setup", "double", "test_double", "Counter", "test_Counter")
    ]
    assert [c.points for c in master.cells if c.role == "test"] == [2, 3]


def test_lines_are_those_of_the_master(read, text):
    lines = text.split("\n")
    for cell in read(text).cells:
        assert lines[cell.marker - 1].startswith("# %%")
        assert lines[cell.line - 1] == cell.text.split("\n")[0]


def test_regions_can_be_taken_out(read, text):
    cell = next(c for c in read(text).cells if c.name == "Counter")
    stub = cell.without_regions("raise NotImplementedError")
    assert stub.count("        raise NotImplementedError") == 2
    assert "self.value" not in stub
    assert "Return the next number" in stub


def test_half_points(read):
    master = read('# %% test="f" points=0.5\nf()\n')
    assert master.cells[0].points == 0.5
    assert problems(master) == []


def test_magics_and_markers_in_strings(read):
    master = read('# %% setup\n# %matplotlib inline\ntext = """\n# %% test\n"""\n')
    assert problems(master) == []
    assert master.cells[0].source.startswith("%matplotlib inline")


@pytest.mark.parametrize(
    ("marker", "said"),
    [
        ("# %% experimnt", "unknown role 'experimnt'"),
        ('# %% solutoin="f"', "unknown role"),
        ('# %% solution="f" points=2', "unknown role"),
        ('# %% test="f" point=2', "unknown role"),
        ('# %% test="f" points=2 extra', "unknown role"),
        ('# %% test= "f" points=2', "unknown role"),
        ("# %% [raw]", "unknown role '[raw]'"),
        ('# %% test="f"', "a test needs its points"),
        ('# %% test="f" points=0', "points must be a positive number, found '0'"),
        ('# %% test="f" points=-1', "points must be a positive number"),
        ('# %% test="f" points=two', "points must be a positive number"),
        ('# %% test="f" points=nan', "points must be a positive number"),
        ('# %% solution="a-b"', "expected the name of a function or class"),
        ('# %% solution=""', "expected the name of a function or class"),
    ],
)
def test_bad_marker(read, marker, said):
    found = problems(read(f"# %%\nx = 1\n\n{marker}\nx = 2\n"))
    assert [line for line, _ in found] == [4]
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        ("### BEGIN SOLUTION\nx = 1", 2, "### BEGIN SOLUTION is never closed"),
        ("x = 1\n### END SOLUTION", 3, "expected a BEGIN before END SOLUTION"),
        (
            "### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION",
            3,
            "expected END SOLUTION, found '### BEGIN SOLUTION'",
        ),
        (
            "### BEGIN HIDDEN TESTS\nx = 1\n### END SOLUTION",
            4,
            "expected END HIDDEN TESTS",
        ),
        ("x = 1  ### BEGIN SOLUTION", 2, "write a border as"),
        ("# begin: BEGIN SOLUTION", 2, "write a border as"),
    ],
)
def test_bad_borders(read, body, line, said):
    found = problems(read(f"# %%\n{body}\n"))
    assert found[0][0] == line
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("body", "role"),
    [
        ("# Write here.", "scratch"),
        ("# Write here,\n\n    # or here.", "scratch"),
        ("x = 1", "code"),
        ("# A remark.\nx = 1", "code"),
        ("'a text'", "code"),
        ("# %matplotlib inline", "code"),  # a magic, in a master
    ],
)
def test_cells_of_comments_alone_are_there_to_be_written_in(read, body, role):
    assert [cell.role for cell in read(f"# %%\n{body}\n").cells] == [role]


def test_syntax_error_has_its_line(read):
    found = problems(read("# %% setup\nimport math\n\n# %%\nx = = 1\n"))
    assert found[0][0] == 5
    assert "not valid Python" in found[0][1]


def test_unclosed_string(read):
    assert "not valid Python" in problems(read('# %%\nx = """\n'))[0][1]


@pytest.mark.parametrize("text", ["import math\n\n# %%\nx = 1\n", "x = 1\n", ""])
def test_text_before_the_first_marker(read, text):
    assert "starts with a cell marker" in problems(read(text))[0][1]


def test_empty_cell(read):
    assert problems(read("# %%\nx = 1\n\n# %% demo\n")) == [
        (4, "the cell is empty; fill it or take it out")
    ]
