"""Run times are read from executed notebooks and held against the budget."""

import nbformat
import pytest

from staff.ci.budget import CELL, TOTAL, Timing, read_all, report, time_of


def timed(*spans):
    """Return a notebook whose cells ran from second to second of one minute."""
    cells = []
    for number, (start, end) in enumerate(spans):
        times = {
            "iopub.execute_input": f"2026-01-01T00:{start // 60:02}:{start % 60:02}Z",
            "shell.execute_reply": f"2026-01-01T00:{end // 60:02}:{end % 60:02}Z",
        }
        source = f"\n# cell {number}\nrun()"
        metadata = {"execution": times}
        cells.append(nbformat.v4.new_code_cell(source, id=f"c{number}"))
        cells[-1].metadata = nbformat.from_dict(metadata)
    return nbformat.v4.new_notebook(cells=cells)


def test_times():
    timing = time_of(timed((1, 3), (3, 10), (12, 13)), "90_small")
    assert timing == Timing("90_small", 12.0, 7.0, "c1: # cell 1")


def test_cells_that_never_ran_do_not_count():
    notebook = timed((1, 3))
    notebook.cells.append(nbformat.v4.new_code_cell("never"))
    notebook.cells.append(nbformat.v4.new_markdown_cell("text"))
    assert time_of(notebook, "x").total == 2.0
    assert time_of(timed(), "x") == Timing("x", 0.0, 0.0, "no cell has run")


@pytest.mark.parametrize(
    ("total", "cell", "status", "said"),
    [
        (TOTAL, CELL, 0, None),
        (TOTAL * 1.1, 1, 0, "warning: x needs 1.1 times"),
        (TOTAL * 2.1, 1, 1, "error: x needs 2.1 times"),
        (30, CELL * 1.5, 0, "warning: x needs 1.5 times"),
        (50, CELL * 2.2, 1, "error: x needs 2.2 times"),
    ],
)
def test_report(total, cell, status, said, capsys):
    assert report([Timing("x", total, cell, "c1: run()")]) == status
    out = capsys.readouterr().out
    assert "c1: run()" in out
    assert ("needs" in out) == (said is not None)
    assert said is None or said in out


def test_read_all(tmp_path):
    (tmp_path / "01_x").mkdir()
    nbformat.write(timed((0, 5)), tmp_path / "01_x" / "01_x.ipynb")
    assert [(t.stem, t.total) for t in read_all(tmp_path)] == [("01_x", 5.0)]
