"""Cards, tables and notes as HTML; where a mime bundle goes."""

import html
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

from helpers import cards


def words(page):
    return html.unescape(re.sub(r"<[^>]*>", " ", page)).split()


def test_a_card_holds_its_words_and_nothing_else():
    page = cards.card("bad", "Title x < y", "Some `code`.", [("Got", "1\n2")])
    assert words(page) == ["Title", *"x<y", "Some", "code", ".", "Got", *"12"]
    assert "<code>code</code>" in page


def test_a_table_puts_numbers_to_the_right():
    page = cards.table(["name", "value"], [["a & b", "1.5"]], numbers=[1])
    assert words(page) == ["name", "value", "a", "&", "b", "1.5"]
    sides = re.findall(r"text-align: (\w+)", page)
    assert sides == ["left", "right", "left", "right"]


def test_each_line_of_a_note_is_a_line():
    assert cards.note("one < two\nthree").count("<br>") == 1
    assert words(cards.note("one < two\nthree")) == ["one", "<", "two", "three"]
    assert words(cards.small("under `it`")) == ["under", "it"]


@pytest.fixture
def shown(monkeypatch):
    """What `display` gets, as in a program that has IPython's shell."""
    sent = []
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: sent.append((data, options))
    )
    return sent


def test_a_shell_displays_the_whole_bundle(shown, capsys):
    data = {"text/plain": "words", "text/html": "<p>words</p>"}
    cards.publish(data, {"text/html": {"isolated": True}})
    metadata = {"text/html": {"isolated": True}}
    assert shown == [(data, {"metadata": metadata, "raw": True})]
    cards.publish(data, display_id="one", update=True)
    assert shown[1][1]["display_id"] == "one"
    assert shown[1][1]["update"] is True
    assert capsys.readouterr().out == ""


def test_without_a_shell_the_text_is_printed_once(monkeypatch, capsys):
    monkeypatch.setattr(InteractiveShell, "initialized", lambda: False)
    cards.publish({"text/plain": "words"}, display_id="one")
    cards.publish({"text/plain": "words"}, display_id="one", update=True)
    assert capsys.readouterr().out == "words\n"
    assert not cards.in_kernel()
