"""Pages that are made of data: what was measured, the exercises, words and years."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence

import nbformat

from helpers.cards import inline
from helpers.evidence.claims import Claim
from helpers.study.reference import Reference, read
from helpers.study.titles import title
from staff.course import Course
from staff.site.executed import Page
from staff.site.findings import MARKS, marks

__all__ = ["claims_in", "exercises", "kind", "lookup", "measured", "notebooks"]

_KINDS = {
    "effect": "an effect with a sign",
    "none": "no effect beyond a margin",
    "size": "a size between bounds",
    "fact": "an exact fact",
}
_MOST_COLUMNS = 5  # a list of facts for each row where there would be more
_FILTER = """<script>
(() => {
  const rows = [...document.querySelectorAll("tr[data-notebook]")];
  const chosen = Object.fromEntries(["notebook", "technique", "finding", "kind"].map(
    (name) => [name, document.getElementById(`of-${name}`)]));
  const words = document.getElementById("of-words");
  const count = document.getElementById("of-count");
  const show = () => {
    const wanted = words.value.toLowerCase();
    let shown = 0;
    for (const row of rows) {
      const fits = Object.entries(chosen).every(([name, box]) =>
        !box.value || row.dataset[name].split("|").includes(box.value))
        && row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      shown += fits;
    }
    count.textContent = `${shown} of ${rows.length} claims`;
  };
  for (const box of [...Object.values(chosen), words])
    box.addEventListener("input", show);
  document.getElementById("of-all").hidden = false;  // without scripts: the whole table
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
    named = _techniques()
    rows = [_row(page, claim, named) for page in pages for claim in page.claims]
    stems = [(page.stem, title(page.stem)) for page in pages if page.claims]
    ids = {claim.id for page in pages for claim in page.claims}
    techniques = dict.fromkeys(name for id in ids for name in named.get(id, []))
    return f"""# What we measured

Every general sentence of the course rests on a claim: an effect that a cell of a
notebook measures, for each of several seeds, with a 95 % interval. A claim holds when
the whole interval fulfills its condition, and continuous integration fails where one
does not. {len(rows)} claims stand here with the numbers of the run that made this site.
Each is true of its notebook's setting, which the table there describes; the text beside
it says when it comes out otherwise.

The mark behind a claim comes from the arms of its own experiment, each a difference to
a control with its interval. **Depends**: one arm is better than the control and
another worse, so the setting decides. **Negative**: what is claimed is an arm that is
worse than the control. **Holds**: neither. An experiment that compares nothing with a
control, or does so in a unit that does not tell which way is better, has no more than
that.

<div class="measured">
<p id="of-all" hidden>
<label>Technique {_select("of-technique", [(t, t) for t in sorted(techniques)])}</label>
<label>Finding {_select("of-finding", list(MARKS.items()))}</label>
<label>Notebook {_select("of-notebook", stems)}</label>
<label>Kind {_select("of-kind", list(_KINDS.items()))}</label>
<label>Words <input id="of-words" type="search"></label>
<span id="of-count" role="status"></span></p>
<table><thead><tr><th scope="col">Claim</th><th scope="col">Measured</th>
<th scope="col">Asked for</th><th scope="col">Seeds</th><th scope="col">Finding</th>
</tr></thead>
<tbody>{"".join(rows)}</tbody></table></div>
{_FILTER}
"""


def _techniques() -> dict[str, list[str]]:
    """Return claim → names of the techniques that data/techniques.json rests on it."""
    found: dict[str, list[str]] = {}
    for each in read("techniques"):
        for id in each["claims"]:
            found.setdefault(id, []).append(each["name"])
    return found


def _select(name: str, options: Sequence[tuple[str, str]]) -> str:
    made = "".join(
        f'<option value="{value}">{html.escape(text)}</option>'
        for value, text in [("", "all"), *options]
    )
    return f'<select id="{name}">{made}</select>'


def _row(page: Page, claim: Claim, named: Mapping[str, Sequence[str]]) -> str:
    stated = {name for cell in page.notebook.cells for name in claims_in(cell)}
    where = f"notebooks/{page.stem}.html"
    where += f"#claim-{claim.id}" if claim.id in stated else ""
    unit = f" {html.escape(claim.unit)}" if claim.unit else ""
    effect = f"{_number(claim.mean)}{unit}"
    if claim.n > 1:
        effect += f" [{_number(claim.low)}, {_number(claim.high)}]"
    around = page.experiment(claim.id)
    varies = f"<br><small>{inline(around.varies)}</small>" if around else ""
    found = marks(claim, around)
    techniques = html.escape("|".join(named.get(claim.id, [])))
    return (
        f'<tr data-notebook="{page.stem}" data-kind="{kind(claim)}"'
        f' data-technique="{techniques}" data-finding="{"|".join(found)}">'
        f'<td>{html.escape(claim.sentence)} <a href="{where}">{claim.id}</a>{varies}'
        f'</td><td data-head="Measured">{effect}</td>'
        f'<td data-head="Asked for">{html.escape(claim.condition)}</td>'
        f'<td data-head="Seeds">{claim.n if claim.n > 1 else "exact"}</td>'
        f'<td data-head="Finding">{", ".join(found)}</td></tr>'
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
    rows = []
    for *texts, stem in table.rows:
        place = html.escape(title(stem))
        if stem in stems:
            place = f'<a href="notebooks/{stem}.html">{place}</a>'
        rows.append([*map(inline, texts), place])
    made = _facts if len(table.head) > _MOST_COLUMNS else _grid
    return f"# {table.name}\n\n{made(table.head, rows)}\n"


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table; `rows` are HTML."""
    names = [html.escape(each) for each in head]
    columns = "".join(f'<th scope="col">{name}</th>' for name in names)
    body = ""
    for first, *others in rows:
        cells = "".join(
            f'<td data-head="{name}">{text}</td>'
            for name, text in zip(names[1:], others, strict=True)
        )
        body += f'<tr><th scope="row">{first}</th>{cells}</tr>'
    return (
        f'<div class="measured"><table><thead><tr>{columns}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _facts(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return what would be too wide for a table: a heading and a list for each row."""
    parts = []
    for first, *others in rows:
        listed = "".join(
            f"<dt>{html.escape(name)}</dt><dd>{text}</dd>"
            for name, text in zip(head[1:], others, strict=True)
        )
        parts.append(f'## {first}\n\n<dl class="facts">{listed}</dl>')
    return "\n\n".join(parts)


def notebooks(stems: Sequence[str]) -> str:
    """Return the table of contents, as Markdown."""
    listed = "\n".join(f"notebooks/{stem}" for stem in stems)
    return f"```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
