"""Magics, shell commands and the like: set aside, and what is Python stays."""

import ast
import time

import pytest
from IPython.core.inputtransformer2 import TransformerManager

from staff.grader.magics import plain
from staff.grader.syntax import read
from tests.staff.grader.sheets import STEM, Sheet, answers, bank, extras

RIGHT = bank(STEM, "inverted_dropout")[0]
NAME = "inverted_dropout"

BEFORE = [
    "%matplotlib inline",
    "%pip install seaborn",
    "!ls",
    "!pip install seaborn",
    "!pip install \\\n    seaborn \\\n    pandas",
    "pip install seaborn",
    "%%time",
    "%%capture",
    "%%capture --no-stderr kept",
    "%%time\n%matplotlib inline",
    "%%capture kept\n%%time",
    "# a note of mine\n\n%%time",
    "\n\n%%time",
    "%%timeit -n1 -r 1",
    "%%timeit -n1 start = 1",
    "%load_ext autoreload\n%autoreload 2",
    "load_ext autoreload\nautoreload 2",
    "?torch",
    "torch.rand?",
    "torch.nn.Linear??",
    "%timeit?",
    "files = !ls",
    "home, other = %env HOME",
    "files[0] = !ls",
    "%timeit sum(range(10))",
    "%time total = sum(range(10))",
    "total = %time sum(range(10))",
    "text = '''\n%matplotlib inline\n!ls\nwhat?\n'''\n%matplotlib inline",
    "if True:\n    %matplotlib inline",
    "for _ in range(2):\n\t!ls\n",
    "print('100 %', # why?\n      100 % 7)\n!ls",
    "x = (1\n     % 2)\n%matplotlib inline",
    "%pylab inline",
    "%config InlineBackend.figure_format = 'retina'",
    "%reset -f",
    "%%debug",
    "!!ls\n%cd ..\n%run other.py",
]
INSIDE = ["%matplotlib inline", "!ls", "torch.rand?", "%timeit abs(1)", "kept = !ls"]


@pytest.mark.parametrize("head", BEFORE)
def test_an_answer_behind_magics_is_plain_python(tmp_path, head):
    found = Sheet().fill(**{NAME: f"{head}\n{RIGHT}"}).read(tmp_path)
    text = answers(found)[NAME]
    assert defined(text) == {NAME}
    assert RIGHT.strip() in text
    assert any("set aside" in line for line in found.repairs)
    assert found.suspicions == ()


@pytest.mark.parametrize("line", INSIDE)
@pytest.mark.parametrize("where", ["within", "behind"])
def test_magics_in_the_middle_and_at_the_end(tmp_path, line, where):
    first, rest = RIGHT.split("\n", 1)
    text = f"{first}\n    {line}\n{rest}" if where == "within" else f"{RIGHT}\n{line}"
    found = Sheet().fill(**{NAME: text}).read(tmp_path)
    assert defined(answers(found)[NAME]) == {NAME}
    shown = answers(found)[NAME]  # in the feedback, too
    assert line.removeprefix("kept = ") in shown


def defined(text):
    body = ast.parse(text).body
    return {node.name for node in body if isinstance(node, ast.FunctionDef)}


def test_magics_added_to_given_cells_cost_nothing(tmp_path):
    plain_sheet = Sheet().fill(**{NAME: RIGHT}).read(tmp_path)
    sheet = Sheet().fill(**{NAME: RIGHT})
    for cell in sheet.cells:
        if cell["cell_type"] == "code" and cell.get("id") != NAME:
            cell["source"] = "%matplotlib inline\n" + cell["source"]
    found = sheet.read(tmp_path)
    assert found.steps == plain_sheet.steps
    assert found.suspicions == ()
    assert len(found.repairs) == 1


def test_a_stub_behind_magics_is_still_no_answer(tmp_path):
    sheet = Sheet()
    sheet[NAME]["source"] = "%%time\n" + sheet[NAME]["source"]
    assert NAME in sheet.read(tmp_path).missing


@pytest.mark.parametrize("name", ["bash", "html", "writefile x.py", "javascript", "!"])
def test_cells_in_other_languages_do_not_run(tmp_path, name):
    sheet = Sheet().fill(**{NAME: RIGHT}).insert(5, f"# mine\n%%{name}\nls -l\nx = 1")
    found = sheet.read(tmp_path)
    assert extras(found) == []
    assert any(f"%%{name}" in line for line in found.repairs)


def test_values_are_there_under_the_names_given_to_them():
    names = {}
    source = (
        "a = !ls\nb = %env HOME\nc = %timeit -o f()\nd = %time 1 + 2\n%time e = 4\n"
    )
    exec(read(source).text, names)
    found = {name: names[name] for name in "abcde"}
    assert found == {"a": [], "b": "", "c": None, "d": 3, "e": 4}


def test_what_was_captured_is_empty():
    names = {}
    exec(read("%%capture --no-display out\nx = 1").text, names)
    assert (names["x"], names["out"].stdout, names["out"].outputs) == (1, "", [])
    names["out"].show()


def test_an_indented_cell_is_read_as_ipython_runs_it():
    text = "\n    %matplotlib inline\n    def f():\n        return 1\n\n    x = f()"
    reading = read(text)
    assert (reading.parsed, {*reading.defined}) == (True, {"f"})


@pytest.mark.parametrize(
    "source",
    [
        RIGHT,
        "x = 5 % 3  # what?\ny = '!ls'",
        "a = [1\n% 2]",
        "x = '''\n%%time\n'''",
        "x != 3",
        "def f(:\n    %matplotlib inline",
        "print 'no'",
    ],
)
def test_python_and_what_is_no_ipython_either_stays_as_it_is(source):
    assert read(source).text == source or not read(source).parsed
    if read(source).parsed:
        assert read(source).aside == ()


# These IPython takes only alone in their cell, or not at all.
OURS = ("# a note", "pip", "load_ext")


@pytest.mark.parametrize("head", [h for h in BEFORE if not h.startswith(OURS)])
def test_ipython_takes_for_a_magic_what_we_do(head):
    """What we set aside must be what IPython would have understood."""
    theirs = TransformerManager().transform_cell(f"{head}\nx = 1\n")
    ast.parse(theirs)  # IPython's own transformation makes Python of it
    with pytest.raises(SyntaxError):
        ast.parse(head if not head.startswith("\n") else head.strip())


@pytest.mark.parametrize(
    "token",
    [
        *(
            "%",
            "?",
            "!",
            "%%",
            "x?\n",
            "!ls\n",
            "a = !",
            "a = %x\n",
            "%time ",
            "(",
            "'",
        ),
        *('"""', "\\", "\\\n", "#", " ", "\n", "= ", "-n ", "%%timeit -n ", "pip "),
        *("%time a\n", "x = 1?\n", "%%capture -n a\n", "{", "a=", "\t!", "f'{"),
    ],
)
def test_a_long_text_takes_no_longer_than_its_length(token):
    """Four times the text, at most some six times the work: quadratic is sixteen."""
    seconds = []
    for size in (50_000, 200_000):
        text = (token * size)[:size]
        best = min(timed(text) for _ in range(3))
        seconds.append(max(best, 0.004))
    assert seconds[1] < 8 * seconds[0]
    assert seconds[1] < 1


def timed(text):
    start = time.process_time()
    plain(text)
    return time.process_time() - start
