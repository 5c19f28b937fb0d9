"""Every broken rule is one clear error, at its line of the master."""

import pytest

from staff.authoring.masters import read_master
from staff.authoring.rules import check_master


@pytest.fixture
def found(tmp_path):
    """Return a function: text → [(the offending line's text, message)]."""

    def check(text):
        path = tmp_path / "90_small.py"
        path.write_text(text, encoding="utf-8")
        master = read_master(path)
        check_master(master)
        lines = text.split("\n")
        return [(lines[p.line - 1].strip(), p.message) for p in master.problems]

    return check


def test_a_good_master_has_no_problems(found, text):
    assert found(text) == []


# Each case: what is replaced in the good master, by what, the line that is named
# in the message (its text), and words of the message.
DOUBLE = '''    """Return 2x."""
    ### BEGIN SOLUTION
    doubled = x + x
    return doubled
    ### END SOLUTION'''
HIDDEN = "### BEGIN HIDDEN TESTS\nassert double(48_271) == 96_542"
BEGIN, BEGIN_HIDDEN = "### BEGIN SOLUTION", "### BEGIN HIDDEN TESTS"

CASES = {
    "no setup": ("# %% setup", "# %%", "# %%", "the first code cell must be"),
    "setup later": ("# %% setup", "# %%\nx = 1\n\n# %% setup", "# %%", "first code"),
    "second setup": (
        "# %% experiment",
        "# %% setup",
        "# %% setup",
        "a second setup cell",
    ),
    "experiment uses an answer": (
        "math.sqrt(number)",
        "sizes = [1, 2]\nprint([double(n) for n in sizes])",
        "print([double(n) for n in sizes])",
        "uses the answer 'double'",
    ),
    "no region": (
        DOUBLE,
        '    """Return 2x."""\n    return 2 * x',
        '# %% solution="double"',
        "has no region",
    ),
    "empty region": (
        "    doubled = x + x\n    return doubled",
        "    # to do",
        BEGIN,
        "the region is empty",
    ),
    "import inside": (
        "    doubled = x + x",
        "    import math\n    doubled = x + x",
        BEGIN,
        "an import inside the region",
    ),
    "docstring inside": (
        '    """Return 2x."""\n    ### BEGIN SOLUTION',
        '    ### BEGIN SOLUTION\n    """Return 2x."""',
        BEGIN,
        "a docstring inside the region",
    ),
    "signature inside": (
        f"def double(x):\n{DOUBLE}",
        "### BEGIN SOLUTION\ndef double(x):\n    return 2 * x\n### END SOLUTION",
        BEGIN,
        "a signature inside the region",
    ),
    "method inside": (
        '    def step(self):\n        """Return the next number."""\n'
        "        ### BEGIN SOLUTION",
        "    ### BEGIN SOLUTION\n    def step(self):",
        BEGIN,
        "a signature inside the region",
    ),
    "part of a signature inside": (
        f"def double(x):\n{DOUBLE}",
        "def double(\n    ### BEGIN SOLUTION\n    x=1,\n):\n    return 2 * x\n"
        "    ### END SOLUTION",
        BEGIN,
        "a signature inside the region",
    ),
    "region outside any function": (
        f"def double(x):\n{DOUBLE}",
        "def double(x):\n    return 2 * x\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        BEGIN,
        "a signature inside the region",
    ),
    "wrong name": (
        "def double(x)",
        "def twice(x)",
        '# %% solution="double"',
        "the first function or class in the cell is 'twice'",
    ),
    "name is not the first": (
        "def double(x)",
        "def helper():\n    pass\n\n\ndef double(x)",
        '# %% solution="double"',
        "the first function or class in the cell is 'helper'",
    ),
    "defines nothing": (
        f"def double(x):\n{DOUBLE}",
        "double = 1",
        '# %% solution="double"',
        "defines no function or class",
    ),
    "stub is no Python": (
        "    return doubled\n    ### END SOLUTION",
        "    if x:\n        doubled = 3\n    ### END SOLUTION\n    else:\n"
        "        pass\n    return doubled",
        BEGIN,
        "no longer valid Python",
    ),
    "region in a plain cell": (
        "number = 3",
        "### BEGIN SOLUTION\nnumber = 3\n### END SOLUTION",
        BEGIN,
        "belongs into a solution cell",
    ),
    "hidden tests in a plain cell": (
        "number = 3",
        "### BEGIN HIDDEN TESTS\nnumber = 3\n### END HIDDEN TESTS",
        BEGIN_HIDDEN,
        "belongs into a test cell",
    ),
    "two functions in one solution": (
        "    doubled = x + x",
        "    doubled = x + x\n    return doubled\n    ### END SOLUTION\n\n\n"
        "def unused():\n    ### BEGIN SOLUTION\n    doubled = 1",
        None,
        None,
    ),
    "duplicate solution": (
        '# %% solution="Counter"\nclass Counter:',
        '# %% solution="double"\nclass double:',
        '# %% solution="double"',
        "duplicate id 'double'",
    ),
    "duplicate test": (
        '# %% test="Counter" points=3',
        '# %% test="double" points=3',
        '# %% test="double" points=2',
        "duplicate id 'test_double'",
    ),
    "solution without test": (
        '# %% test="double" points=2',
        "# %%",
        '# %% solution="double"',
        "solution 'double' has no test",
    ),
    "test without solution": (
        '# %% test="double" points=2',
        '# %% test="triple" points=2',
        '# %% test="triple" points=2',
        "test 'triple' has no solution",
    ),
    "no hidden tests": (
        f"{HIDDEN}\n### END HIDDEN TESTS\n",
        "",
        '# %% test="double" points=2',
        "has no hidden tests",
    ),
    "no visible check": (
        "assert double(1) == 2\n",
        "from math import pi\n",
        '# %% test="double" points=2',
        "has no visible check",
    ),
    "hidden: empty": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS",
        BEGIN_HIDDEN,
        "the region holds no code",
    ),
    "hidden: comments only": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS\n# assert double(2) == 4",
        BEGIN_HIDDEN,
        "the region holds no code",
    ),
    "hidden: import only": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS\nimport math",
        BEGIN_HIDDEN,
        "calls and asserts nothing",
    ),
    "hidden: only defines": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS\ndef later():\n    assert double(2) == 4",
        BEGIN_HIDDEN,
        "calls and asserts nothing",
    ),
    "hidden: if False": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS\nif False:\n    assert double(2) == 4",
        BEGIN_HIDDEN,
        "calls and asserts nothing",
    ),
    "hidden: inside a function": (
        f"{HIDDEN}\n### END HIDDEN TESTS",
        "def later():\n    ### BEGIN HIDDEN TESTS\n    assert double(2) == 4\n"
        "    ### END HIDDEN TESTS",
        BEGIN_HIDDEN,
        "the region lies inside another statement",
    ),
    "hidden: after raise": (
        HIDDEN,
        f"raise SystemExit\n{HIDDEN}",
        BEGIN_HIDDEN,
        "'raise SystemExit' comes before them",
    ),
    "hidden: after exit": (
        HIDDEN,
        f"exit()\n{HIDDEN}",
        BEGIN_HIDDEN,
        "'exit()' comes before them",
    ),
    "hidden: after assert False": (
        HIDDEN,
        f"assert False\n{HIDDEN}",
        BEGIN_HIDDEN,
        "'assert False' comes before them",
    ),
    "hidden: raise inside the region": (
        HIDDEN,
        "### BEGIN HIDDEN TESTS\nraise ValueError\nassert double(2) == 4",
        BEGIN_HIDDEN,
        "'raise ValueError' comes before them",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_broken_rule(found, text, case):
    old, new, line, said = case
    assert old in text
    problems = found(text.replace(old, new, 1))
    if said is None:
        assert problems == []
    else:
        assert any(line == at and said in message for at, message in problems), problems


@pytest.mark.parametrize(
    ("fold", "line", "said"),
    [
        ("<details><summary>One answer</summary> so.\n# </details>", "", ""),
        ("<details><summary>Hint 1</summary>\n# so.", "# <details>", "lacks its </det"),
        ("so.\n# </details>", "# </details>", "ends no fold"),
    ],
)
def test_folds_end(found, text, fold, line, said):
    problems = found(text.replace("# ## Exercise 1", f"# {fold}\n#\n# ## Exercise 1"))
    assert len(problems) == bool(said)
    for at, message in problems:
        assert at.startswith(line)
        assert said in message


def test_test_before_its_solution(found, text):
    start = text.index('# %% test="double"')
    end = text.index("# %% experiment")
    test = text[start:end]
    moved = text[:start] + text[end:]
    moved = moved.replace('# %% solution="double"', f'{test}# %% solution="double"')
    assert found(moved) == [
        ('# %% test="double" points=2', "test 'double' is before its solution")
    ]


def test_nested_functions_are_part_of_a_solution(found, text):
    inner = "    def plus(a):\n        return a + x\n\n    doubled = plus(x)"
    assert found(text.replace("    doubled = x + x", inner)) == []


def test_hidden_tests_may_loop(found, text):
    loop = "### BEGIN HIDDEN TESTS\nfor x in range(3):\n    assert double(x) == 2 * x"
    assert found(text.replace(HIDDEN, loop)) == []
