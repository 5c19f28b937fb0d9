"""What a master must keep to before a notebook is made of it."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

from staff.authoring.masters import FOLDED, Cell, Master, Region

__all__ = ["STUB", "check_master"]

STUB = "raise NotImplementedError"

_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_IMPORTS = ast.Import | ast.ImportFrom
_SAME_FOR_ALL = {"code", "experiment", "demo", *FOLDED}
_LEAVING = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}


def check_master(master: Master) -> None:
    """Note every broken rule in ``master.problems``."""
    if not master.cells:
        return
    _check_setup(master)
    _check_pairs(master)
    answers = {cell.name for cell in master.cells if cell.role == "solution"}
    for cell in master.cells:
        if cell.role in _SAME_FOR_ALL:
            _check_needs_no_answer(master, cell, answers)
        _check_regions_belong(master, cell)
        if cell.kind == "markdown":
            _check_folds(master, cell)
        if cell.role == "solution":
            _check_solution(master, cell)
        if cell.role == "test":
            _check_test(master, cell)


def _check_needs_no_answer(master: Master, cell: Cell, answers: set[str]) -> None:
    """Experiments run before anybody has answered, and look the same to everybody."""
    with suppress(SyntaxError):  # said elsewhere
        for node in ast.walk(ast.parse(cell.text)):
            if isinstance(node, ast.Name) and node.id in answers:
                master.complain(
                    cell.line + node.lineno - 1,
                    f"uses the answer {node.id!r}, which learners have yet to write; "
                    "import it from helpers, or give it another name",
                )


def _check_folds(master: Master, cell: Cell) -> None:
    """A fold without an end hides the rest of its cell."""
    lines, opened = cell.source.split("\n"), list[int]()
    for number, line in enumerate(lines):
        for tag in re.findall(r"</?details\b", line):
            if tag == "<details":
                opened.append(number)
            elif opened:
                opened.pop()
            else:
                master.complain(cell.line + number, "</details> ends no fold")
    for number in opened:
        master.complain(
            cell.line + number, "<details> lacks its </details>: what follows is hidden"
        )


def _check_setup(master: Master) -> None:
    code = [cell for cell in master.cells if cell.kind == "code"]
    if not code or code[0].role != "setup":
        line = code[0].marker if code else 1
        master.complain(line, "the first code cell must be the imports: '# %% setup'")
    for cell in code[1:]:
        if cell.role == "setup":
            master.complain(cell.marker, "a second setup cell; there is one, the first")


def _check_pairs(master: Master) -> None:
    solutions = [cell for cell in master.cells if cell.role == "solution"]
    tests = [cell for cell in master.cells if cell.role == "test"]
    ids = Counter(cell.grade_id for cell in master.cells if cell.grade_id)
    manual = [cell for cell in master.cells if cell.role == "manual"]
    for cell in [*solutions, *tests, *manual]:
        if ids[cell.grade_id] > 1:
            master.complain(cell.marker, f"duplicate id {cell.grade_id!r}")
    answered = {cell.name: cell.marker for cell in solutions}
    for cell in solutions:
        if cell.name not in {test.name for test in tests}:
            master.complain(cell.marker, f"solution {cell.name!r} has no test")
    for cell in tests:
        if cell.name not in answered:
            master.complain(cell.marker, f"test {cell.name!r} has no solution")
        elif cell.marker < answered[cell.name]:
            master.complain(cell.marker, f"test {cell.name!r} is before its solution")


def _check_regions_belong(master: Master, cell: Cell) -> None:
    home = {"SOLUTION": "solution", "HIDDEN TESTS": "test"}
    for region in cell.regions:
        if cell.role != home[region.kind]:
            line = cell.line + region.begin - 1
            message = f"### BEGIN {region.kind} belongs into a {home[region.kind]} cell"
            master.complain(line, message)


# --- solutions -------------------------------------------------------------------


def _check_solution(master: Master, cell: Cell) -> None:
    tree = ast.parse(cell.text)
    _check_name(master, cell, tree)
    regions = [r for r in cell.regions if r.kind == "SOLUTION"]
    if not regions:
        master.complain(
            cell.marker, f"solution {cell.name!r} has no region to leave out"
        )
        return
    problems = [_region_problem(cell, tree, region) for region in regions]
    for region, message in zip(regions, problems, strict=True):
        if message:
            master.complain(cell.line + region.begin - 1, message)
    if not any(problems):
        _check_stub(master, cell)


def _check_name(master: Master, cell: Cell, tree: ast.Module) -> None:
    first = next((n for n in tree.body if isinstance(n, _DEFINITIONS)), None)
    if first is None:
        message = f"solution {cell.name!r} defines no function or class"
        master.complain(cell.marker, message)
    elif first.name != cell.name:
        master.complain(
            cell.marker,
            f"solution {cell.name!r}: the first function or class in the cell is "
            f"{first.name!r}; the two must agree",
        )


def _region_problem(cell: Cell, tree: ast.Module, region: Region) -> str:
    """Return what is wrong with a region of a solution, "" if nothing."""
    inside = [n for n in ast.walk(tree) if region.holds(n)]
    statements = [n for n in inside if isinstance(n, ast.stmt)]
    if not statements:
        return "the region is empty: there is no solution in it"
    if any(isinstance(n, _IMPORTS) for n in statements):
        return "an import inside the region; a region wraps the body only"
    owner = _owner(tree, region, statements)
    if owner is None:
        return "a signature inside the region; a region wraps a function's body only"
    if _docstring(owner) in statements:
        return "a docstring inside the region; it belongs before ### BEGIN SOLUTION"
    if any(n in inside for n in ast.walk(owner.args)):
        return "a signature inside the region; a region wraps a function's body only"
    return ""


def _owner(
    tree: ast.Module, region: Region, inside: list[ast.stmt]
) -> _FUNCTIONS | None:
    """Return the innermost function whose body holds all statements of the region."""
    last = max(_last_line(n) for n in inside)
    around = [
        n
        for n in ast.walk(tree)
        if isinstance(n, _FUNCTIONS)
        and n.lineno < region.begin
        and _last_line(n) >= last
    ]
    owner = max(around, key=lambda n: n.lineno, default=None)
    if owner is None:
        return None
    held = {id(n) for statement in owner.body for n in ast.walk(statement)}
    return owner if all(id(n) in held for n in inside) else None


def _last_line(statement: ast.stmt) -> int:
    return statement.end_lineno or statement.lineno


def _docstring(function: _FUNCTIONS) -> ast.stmt | None:
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as first:
            return first
    return None


def _check_stub(master: Master, cell: Cell) -> None:
    try:
        tree = ast.parse(cell.without_regions(STUB))
    except SyntaxError as error:
        master.complain(
            cell.line + cell.regions[0].begin - 1,
            f"without its region the cell is no longer valid Python: {error.msg}",
        )
        return
    raises = [n for n in ast.walk(tree) if isinstance(n, ast.Raise)]
    unfinished = [n for n in raises if ast.unparse(n) == STUB]
    if len(unfinished) < len([r for r in cell.regions if r.kind == "SOLUTION"]):
        message = f"the stub of {cell.name!r} would not raise NotImplementedError"
        master.complain(cell.marker, message)


# --- tests -----------------------------------------------------------------------


def _check_test(master: Master, cell: Cell) -> None:
    hidden = [r for r in cell.regions if r.kind == "HIDDEN TESTS"]
    if not hidden:
        master.complain(cell.marker, f"test {cell.name!r} has no hidden tests")
    tree = ast.parse(cell.text)
    for region in hidden:
        message = _hidden_problem(tree, region)
        if message:
            master.complain(cell.line + region.begin - 1, message)
    visible = [n for n in tree.body if not any(r.holds(n) for r in hidden)]
    if not any(_does_something(n) for n in visible):
        master.complain(cell.marker, f"test {cell.name!r} has no visible check")


def _hidden_problem(tree: ast.Module, region: Region) -> str:
    """Return why hidden tests would never run, "" if they do."""
    inside = [n for n in ast.walk(tree) if isinstance(n, ast.stmt) and region.holds(n)]
    if not inside:
        return "hidden tests that never run: the region holds no code"
    own = [n for n in tree.body if region.holds(n)]
    if not own:
        return (
            "hidden tests that never run on their own: the region lies inside "
            "another statement; put it at the cell's outer level"
        )
    working = [n for n in own if _does_something(n)]
    if not working:
        return "hidden tests that never run: the region calls and asserts nothing"
    stop = next((n for n in _leaving(tree) if n.lineno < working[-1].lineno), None)
    if stop is not None:
        return f"hidden tests that never run: {ast.unparse(stop)!r} comes before them"
    return ""


def _does_something(node: ast.stmt) -> bool:
    if isinstance(node, _DEFINITIONS | _IMPORTS):
        return False
    if isinstance(node, ast.If | ast.While) and isinstance(node.test, ast.Constant):
        return bool(node.test.value) and any(_does_something(n) for n in node.body)
    return any(isinstance(n, ast.Call | ast.Assert) for n in ast.walk(node))


def _leaving(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements of a cell after which nothing more runs."""
    for node in tree.body:
        call = node.value if isinstance(node, ast.Expr) else None
        leaves = isinstance(call, ast.Call) and ast.unparse(call.func) in _LEAVING
        fails = (
            isinstance(node, ast.Assert)
            and isinstance(node.test, ast.Constant)
            and not node.test.value
        )
        if isinstance(node, ast.Raise | ast.Return) or leaves or fails:
            yield node
