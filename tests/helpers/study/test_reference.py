"""Glossary, timeline, taxonomy, techniques, questions: complete, true, and shown."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from helpers.study import reference
from helpers.study.reference import (
    folded,
    folds,
    glossary,
    questions,
    read,
    taxonomy,
    techniques,
    timeline,
)

ROOT = Path(__file__).resolve().parents[3]
MASTERS = {path.stem: path for path in (ROOT / "solutions").glob("[0-9]*.py")}
STEMS = {*MASTERS, "12_regularization_strategy"}
KINDS = ("explicit", "architectural", "data", "optimization")


def claims():
    """Return stem → ids of the claims in its master."""
    return {
        stem: set(re.findall(r'claim\(\s*"([^"]+)"', path.read_text("utf-8")))
        for stem, path in MASTERS.items()
    }


def entries():
    for name in ("glossary", "timeline", "techniques", "questions"):
        yield from ((name, each) for each in read(name))
    for group in read("taxonomy"):
        yield from (("taxonomy", each) for each in group["techniques"])


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("glossary", {"term", "text", "notebook"}),
        ("timeline", {"year", "technique", "paper", "notebook"}),
        ("taxonomy", {"kind", "text", "techniques"}),
        ("questions", {"kind", "question", "answer", "notebook"}),
        (
            "techniques",
            {"name", "kind", "api", "setting", "range", "source", "batchnorm"}
            | {"hurts", "notebook", "claims"},
        ),
    ],
)
def test_every_entry_has_every_part(name, keys):
    for each in read(name):
        assert set(each) == keys
        assert all(value or key == "claims" for key, value in each.items()), each


def test_every_notebook_is_there():
    assert {each["notebook"] for _, each in entries()} <= STEMS


def test_every_claim_is_made_in_the_course():
    known = set().union(*claims().values())
    for each in read("techniques"):
        assert set(each["claims"]) <= known, each["name"]


def test_most_techniques_are_measured():
    measured = [each for each in read("techniques") if each["claims"]]
    assert len(measured) >= 20


def test_glossary_is_large_sorted_and_says_each_term_once():
    terms = [each["term"] for each in read("glossary")]
    assert len(terms) >= 60
    assert terms == sorted(set(terms), key=str.lower)
    for each in read("glossary"):
        assert each["text"].endswith(".")
        assert not re.search(r"[.!?] [A-Z]", each["text"]), "one sentence"


def test_timeline_reaches_from_ridge_to_the_present():
    years = [each["year"] for each in read("timeline")]
    assert len(years) >= 30
    assert years == sorted(years)
    assert (years[0], years[-1]) == (1970, 2025)


def test_techniques_are_of_the_taxonomys_kinds():
    assert tuple(group["kind"] for group in read("taxonomy")) == KINDS
    assert {each["kind"] for each in read("techniques")} == set(KINDS)
    names = [each["name"] for each in read("techniques")]
    assert len(names) == len(set(names))


def test_calls_name_what_torch_has():
    """Whatever looks like torch's own name is one."""
    import torchvision  # noqa: F401

    names = {
        name
        for each in read("techniques")
        for name in re.findall(r"\btorch(?:vision)?(?:\.\w+)+", each["api"])
    }
    assert len(names) > 10
    for name in names:
        module, _, last = name.rpartition(".")
        made = {}
        exec(f"import torch, torchvision.ops, torchvision.transforms.v2\n"
             f"found = {module}.{last}", made)  # fmt: skip
        assert made["found"] is not None


class Page(HTMLParser):
    """Counts rows and collects links."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.links = 0, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.rows += tag == "tr"
        self.links += [value for name, value in attrs if name == "href"]


@pytest.mark.parametrize("show", [glossary, timeline, taxonomy, techniques, questions])
def test_shown_as_a_table_and_as_text(show, tmp_path, monkeypatch):
    for stem in ("02_dropout_from_scratch", "12_regularization_strategy"):
        (tmp_path / stem).mkdir()
    (tmp_path / "02_dropout_from_scratch" / "02_dropout_from_scratch.ipynb").touch()
    monkeypatch.chdir(tmp_path / "12_regularization_strategy")
    shown = show()
    page = Page(shown._repr_html_())
    assert page.rows == len(shown.rows) + 1
    there = {link for link in page.links if link}
    assert there == {"../02_dropout_from_scratch/02_dropout_from_scratch.ipynb"}
    lines = repr(shown).splitlines()
    assert lines[0] == shown.name
    assert len(lines) == len(shown.rows) + 1
    assert all(len(row) == len(shown.head) for row in shown.rows)


def test_texts_are_escaped(monkeypatch):
    bad = [{"term": "<b>", "text": "a $x$ & b.", "notebook": "02_dropout_from_scratch"}]
    monkeypatch.setattr(reference, "read", lambda name: bad)
    page = glossary()._repr_html_()
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_glossary_finds_a_word_and_says_what_there_is():
    found = glossary("dropout")
    assert 3 < len(found.rows) < 20
    assert all("dropout" in " ".join(row).lower() for row in found.rows)
    with pytest.raises(ValueError, match="mixup"):
        glossary("zzz")


def test_an_unknown_list_is_refused():
    with pytest.raises(ValueError, match="glossary"):
        read("recipes")


def test_questions_are_enough_and_of_three_kinds():
    counts = {
        kind: len(questions(kind).rows) for kind in ("interview", "course", "topic")
    }
    assert counts["interview"] >= 12
    assert counts["course"] >= 10
    assert sum(counts.values()) == len(questions().rows)
    with pytest.raises(ValueError, match="interview"):
        questions("exam")


def test_a_fold_holds_each_answer_and_where_it_was_measured():
    table = questions("course")
    page = folds(table)._repr_html_()
    assert page.count("<details") == page.count("</details>") == len(table.rows)
    assert "<details open" not in page
    text = repr(folds(table))
    for question, answer, _ in table.rows:
        assert question in text
        assert answer in text


def test_whole_tables_fold_behind_their_names():
    made = folded(glossary(), timeline())
    page = made._repr_html_()
    assert page.count("<details") == 2
    assert page.count("<table") == 2
    assert repr(glossary()) in repr(made)
