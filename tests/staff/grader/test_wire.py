"""Messages: the session's own encoder writes JSON, and damage is noticed."""

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff.grader.inside.wire import Broken, Link, decode, encode

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_encode_writes_what_json_reads(value):
    text = encode(value).encode("utf-8", "replace").decode()
    expected = json.loads(json.dumps(value))
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return  # half of a pair becomes a question mark
    assert json.loads(text) == expected


def test_what_is_not_plain_becomes_null():
    class Text(str):
        pass

    assert encode([Text("a"), float("nan"), float("inf"), object()]) == (
        "[null,null,null,null]"
    )
    assert encode({1: 2, "a": (1.5, True)}) == '{"a":[1.5,true]}'


def test_links_carry_messages_and_notice_the_end():
    reading, writing = os.pipe()
    link = Link(reading, writing)
    link.send({"text": "ü" * 10_000})
    assert link.receive() == {"text": "ü" * 10_000}
    os.write(writing, b"\0\0\0\5ab")
    os.close(writing)
    with pytest.raises(Broken):
        link.receive()
    os.close(reading)


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000])
def test_junk_is_no_message(body):
    with pytest.raises(Broken):
        decode(body)
