"""Pages that are made of data: what was measured, the exercises, words and years."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Sequence

import nbformat

from helpers.cards import inline
from helpers.evidence.claims import Claim
from helpers.study.reference import Reference
from helpers.study.titles import title
from staff.course import Course
from staff.site.executed import Page

__all__ = ["claims_in", "exercises", "kind", "lookup", "measured", "notebooks"]

_KINDS = {
    "effect": "an effect with a sign",
    "none": "no effect beyond a margin",
    "size": "a size between bounds",
    "fact": "an exact fact",
}
_FILTER = """<script>
(() => {
  const rows = [...document.querySelectorAll("tr[data-notebook]")];
  const chosen = { notebook: document.getElementById("of-notebook"),
                   kind: document.getElementById("of-kind") };
  const words = document.getElementById("of-words");
  const count = document.getElementById("of-count");
  const show = () => {
    const wanted = words.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = Object.entries(chosen).every(
        ([name, box]) => !box.value || row.dataset[name] === box.value)
        && row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length}`;
  };
  for (const box of [...Object.values(chosen), words])
    box.addEventListener("input", show);
  show();
})();
</script>"""


def kind(claim: Claim) -> str:
    """Return which of four kinds of sentence a claim is: effect, none, size or fact."""
    if claim.n == 1:
        return "fact"
    word = claim.condition.split()[0]
    return {"within": "none", "between": "size"}.get(word, "effect")


def measured(pages: Sequence[Page]) -> str:
    """Return the page of all claims, as Markdown with a table that can be filtered."""
    rows = [row for page in pages for row in map(lambda c: _row(page, c), page.claims)]
    stems = [(page.stem, title(page.stem)) for page in pages if page.claims]
    return f"""# What we measured

Every general sentence of the course rests on a claim: an effect that a cell of a
notebook measures, for each of several seeds, with a 95 % interval. A claim holds when
the whole interval fulfills its condition, and continuous integration fails where one
does not. {len(rows)} claims stand here with the numbers of the run that made this site.
Each is true of its notebook's setting, which the table there describes; the text beside
it says when it comes out otherwise.

<div class="measured">
<p><label>Notebook {_select("of-notebook", stems)}</label>
<label>Kind {_select("of-kind", list(_KINDS.items()))}</label>
<label>Words <input id="of-words" type="search"></label>
<span id="of-count" role="status"></span></p>
<table><thead><tr><th scope="col">Claim</th><th scope="col">Measured</th>
<th scope="col">Asked for</th><th scope="col">Seeds</th></tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>
{_FILTER}
"""


def _select(name: str, options: Sequence[tuple[str, str]]) -> str:
    made = "".join(
        f'<option value="{value}">{html.escape(text)}</option>'
        for value, text in [("", "all"), *options]
    )
    return f'<select id="{name}">{made}</select>'


def _row(page: Page, claim: Claim) -> str:
    stated = {name for cell in page.notebook.cells for name in claims_in(cell)}
    where = f"notebooks/{page.stem}.html"
    where += f"#claim-{claim.id}" if claim.id in stated else ""
    unit = f" {html.escape(claim.unit)}" if claim.unit else ""
    effect = f"{_number(claim.mean)}{unit}"
    if claim.n > 1:
        effect += f" [{_number(claim.low)}, {_number(claim.high)}]"
    return (
        f'<tr data-notebook="{page.stem}" data-kind="{kind(claim)}">'
        f'<td>{html.escape(claim.sentence)} <a href="{where}">{claim.id}</a></td>'
        f"<td>{effect}</td><td>{html.escape(claim.condition)}</td>"
        f"<td>{claim.n if claim.n > 1 else 'exact'}</td></tr>"
    )


def claims_in(cell: nbformat.NotebookNode) -> list[str]:
    """Return the ids of the claims that a cell states."""
    if cell.cell_type != "code":
        return []
    return re.findall(r'\bclaim\(\s*"([\w.-]+)"', cell.source)


def _number(value: float) -> str:
    digits = 2 if value == 0 or not math.isfinite(value) else 3
    return f"{value:.{digits}g}".replace("-", "−")


def exercises(course: Course, stems: Sequence[str]) -> str:
    """Return the index of all exercises, as Markdown."""
    known = json.loads(course.catalogue.read_text("utf-8"))
    lines = ["# Exercises", "", "In the order of the course."]
    for stem in stems:
        lines += ["", f"## [{title(stem)}](notebooks/{stem}.ipynb)", ""]
        for name, entry in known.get(stem, {}).items():
            lines.append(f"- {entry['number']} {entry['title']} (`{name}`)")
    return "\n".join(lines) + "\n"


def lookup(table: Reference, stems: Sequence[str]) -> str:
    """Return a page of one of the course's lists, as Markdown.

    Args:
        table: its last column names notebooks.
        stems: of the notebooks that have a page.
    """
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in table.head)
    rows = ""
    for *texts, stem in table.rows:
        place = html.escape(title(stem))
        if stem in stems:
            place = f'<a href="notebooks/{stem}.html">{place}</a>'
        cells = "".join(f"<td>{inline(text)}</td>" for text in texts)
        rows += f"<tr>{cells}<td>{place}</td></tr>"
    return (
        f'# {table.name}\n\n<div class="measured"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>\n"
    )


def notebooks(stems: Sequence[str]) -> str:
    """Return the table of contents, as Markdown."""
    listed = "\n".join(f"notebooks/{stem}" for stem in stems)
    return f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
