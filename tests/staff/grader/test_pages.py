"""The warm process gathers its memory into large pages before it forks."""

import ctypes
import os

from staff.grader.inside import pages

MAPS = """\
55d0a0000000-55d0a0400000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000200000 r-xp 00000000 08:01 1234                       /usr/lib/a b.so
7f0000200000-7f0000300000 rw-p 00200000 08:01 1234                       /usr/lib/a b.so
7f0000400000-7f0000800000 rw-p 00000000 00:00 0
7f0000800000-7f0000900000 rw-s 00000000 00:01 77                         /dev/shm/x
7f0000900000-7f0000a00000 ---p 00000000 00:00 0
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                          [stack]
"""


def test_only_written_memory_of_no_file_is_gathered():
    assert pages._written(MAPS) == [
        (0x55D0A0000000, 0x55D0A0400000),
        (0x7F0000400000, 0x7F0000800000),
    ]


def test_whole_large_pages_are_asked_for_one_by_one(monkeypatch):
    asked = []
    monkeypatch.setattr(pages, "_written", lambda _: [(0x100000, 0x700000)])
    monkeypatch.setattr(pages, "_collapse", asked.append)
    pages.gather()
    assert asked == [0x200000, 0x400000]


def test_what_is_in_memory_stays_as_it_is():
    data = os.urandom(8 << 20)
    copy = ctypes.create_string_buffer(data, len(data))
    pages.gather()
    assert copy.raw == data
