"""The two notebooks of a master: what is in them, and that nothing leaks."""

import json
from collections import Counter

import nbformat
import pytest

from staff.authoring import release
from staff.authoring.build import read_checked
from staff.authoring.masters import Cell
from staff.authoring.release import digest, make_pair, was_built
from staff.course import Course, CourseError


@pytest.fixture
def pair(course, stem, tmp_path):
    done = make_pair(read_checked(course, stem), tmp_path / "built")
    return done.solution(stem), done.release(stem)


def cells(path):
    return {cell.id: cell for cell in nbformat.read(path, as_version=4).cells}


def test_graded_cells(pair):
    solution, released = map(cells, pair)
    for found in (solution, released):
        answer, test = found["double"].metadata, found["test_double"].metadata
        assert answer.nbgrader.solution
        assert not answer.nbgrader.grade
        assert test.nbgrader.grade
        assert test.nbgrader.locked
        assert test.nbgrader.points == 2
        assert {c.metadata.nbgrader.schema_version for c in (found["setup"],)} == {3}
    assert released["test_double"].metadata.editable is False
    assert released["setup"].metadata.editable is False
    assert "editable" not in released["double"].metadata
    assert released["double"].metadata.deletable is False


def test_roles_are_in_the_metadata(pair):
    roles = [
        (c.metadata.course.role, c.metadata.tags)
        for c in nbformat.read(pair[1], as_version=4).cells
        if "course" in c.metadata
    ]
    assert ("experiment", ["experiment"]) in roles
    assert ("demo", ["demo"]) in roles
    assert ("look", ["look"]) in roles


def test_plumbing_is_folded_in_every_front_end():
    cells = [
        Cell(role, "pass", "pass", 1, 1)
        for role in ("predict", "results", "figure", "setup", "install", "experiment")
    ]
    made = [release._notebook_cell("s", cell, Counter()) for cell in cells]
    for cell in made[:5]:
        assert cell.metadata.jupyter.source_hidden is True
        assert "hide-input" in cell.metadata.tags
        assert cell.metadata.cellView == "form"
    assert "jupyter" not in made[5].metadata
    assert "cellView" not in made[5].metadata


def test_a_scratch_cell_says_so_and_has_the_id_of_any_code():
    cell = Cell("scratch", "# here", "# here", 1, 1)
    plain = Cell("code", "# here", "# here", 1, 1)
    made, other = (release._notebook_cell("s", c, Counter()) for c in (cell, plain))
    assert made.metadata.course.role == "scratch"
    assert made.id == other.id


def test_run_all_goes_on_after_a_check_that_fails_in_the_release_only(pair):
    solution, released = map(cells, pair)
    assert "raises-exception" in released["test_double"].metadata.tags
    assert "raises-exception" not in solution["test_double"].metadata.tags
    assert "raises-exception" not in released["double"].metadata.tags


def test_release_gives_nothing_away(pair):
    text = pair[1].read_text()
    for secret in ["x + x", "48_271", "self.value", "BEGIN", "END SOLUTION", "HIDDEN"]:
        assert secret in pair[0].read_text()
        assert secret not in text


def test_stub_keeps_signature_docstring_and_indent(pair):
    released = cells(pair[1])
    assert released["double"].source == (
        'def double(x):\n    """Return 2x."""\n    raise NotImplementedError'
    )
    names = {}
    exec(released["Counter"].source, names)
    with pytest.raises(NotImplementedError):
        names["Counter"]()


def test_clean_metadata_and_last_newline(pair):
    for path in pair:
        text = path.read_text()
        notebook = json.loads(text)
        assert text.endswith("}\n")
        assert "jupytext" not in text
        assert notebook["metadata"]["kernelspec"]["name"] == "python3"
        assert "version" not in notebook["metadata"]["language_info"]
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        for cell in notebook["cells"]:
            assert cell.get("outputs", []) == []
            assert cell.get("execution_count") is None


def test_stock_nbgrader_makes_the_same_release(pair, stem, tmp_path):
    """The formgrader's own button gives byte for byte what the builder gives."""
    stock = Course(tmp_path / "built")
    config = release.nbgrader_config(stock)
    config.CourseDirectory.release_directory = str(tmp_path / "stock")
    config.SaveCells.enabled = False
    config.GenerateAssignment.no_database = True
    release.run_generator(config, stem)
    made = (tmp_path / "stock" / stem / f"{stem}.ipynb").read_text()
    assert made.rstrip("\n") == pair[1].read_text().rstrip("\n")


def test_ids_stay_when_another_cell_changes(course, stem, text, tmp_path):
    def ids(text, folder):
        course.master(stem).write_text(text)
        done = make_pair(read_checked(course, stem), tmp_path / folder)
        return list(cells(done.release(stem)))

    before = ids(text, "a")
    after = ids(text.replace("number = 3", "number = 4"), "b")
    assert sum(x != y for x, y in zip(before, after, strict=True)) == 1
    assert len(ids(text.replace("# ## Exercise 1", "# # What"), "c")) == len(before)


def test_equal_cells_have_different_ids(course, stem, text, tmp_path):
    course.master(stem).write_text(text + "\n# %%\nnumber = 3\n\n# %%\nnumber = 3\n")
    done = make_pair(read_checked(course, stem), tmp_path / "built")
    assert len(cells(done.release(stem))) == text.count("# %%") + 3  # and the set-up


def test_was_built_notices_any_change(pair):
    path = pair[1]
    origin = was_built(path)[1]
    assert was_built(path) == (True, origin)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3].source = "number = 5"
    nbformat.write(notebook, path)
    assert was_built(path) == (False, origin)


@pytest.mark.parametrize("content", ["", "<html>", "[]", "{}", '{"metadata": 3}'])
def test_was_built_survives_anything(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    assert was_built(path) == (False, "")


def test_digest_sees_outputs(pair):
    notebook = nbformat.read(pair[1], as_version=4)
    before = digest(notebook)
    notebook.cells[3].outputs = [nbformat.v4.new_output("stream", text="hello")]
    assert digest(notebook) != before


def test_hidden_test_repeated_in_a_visible_cell(course, stem, text, tmp_path):
    leak = text.replace("number = 3", "number = 3  # assert double(48_271) == 96_542")
    course.master(stem).write_text(leak)
    line = text[: text.index("### BEGIN HIDDEN TESTS")].count("\n") + 1
    said = rf"^solutions/90_small.py:{line}: .*also stands in another"
    with pytest.raises(CourseError, match=said):
        make_pair(read_checked(course, stem), tmp_path / "built")


def test_long_solution_repeated_in_a_visible_cell(course, stem, text, tmp_path):
    body = "    doubled = x + x\n    y = doubled\n    return y"
    leak = text.replace("    doubled = x + x\n    return doubled", body)
    leak = leak.replace("number = 3", f"def f(x):\n{body}")
    course.master(stem).write_text(leak)
    with pytest.raises(CourseError, match="also stands in another cell"):
        make_pair(read_checked(course, stem), tmp_path / "built")


def test_a_release_that_differs_is_refused(course, stem, tmp_path, monkeypatch):
    def sloppy(course, stem):
        folder = course.release(stem).parent
        folder.mkdir(parents=True)
        (folder / f"{stem}.ipynb").write_bytes(course.solution(stem).read_bytes())

    monkeypatch.setattr(release, "_generate", sloppy)
    with pytest.raises(CourseError, match="the released cell is not as expected"):
        make_pair(read_checked(course, stem), tmp_path / "built")


def test_nbgraders_own_complaint_is_passed_on(course, stem, tmp_path):
    config = release.nbgrader_config(course)
    with pytest.raises(CourseError, match="No notebooks were matched"):
        release.run_generator(config, "91_missing")
