"""Messages: damage is noticed."""

import os

import pytest

from staff.grader.inside.wire import Broken, Link, decode


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


def test_a_message_may_be_as_deep_as_it_is_told_and_no_deeper():
    assert decode(b'{"a": [[1]]}', depth=3) == {"a": [[1]]}
    with pytest.raises(Broken):
        decode(b'{"a": [[1]]}', depth=2)
