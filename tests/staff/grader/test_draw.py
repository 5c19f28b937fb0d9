"""Keyed draws: the same again, fair, and apart for each label."""

from collections import Counter

import pytest

from staff.grader.draw import Draw


def test_the_same_key_and_labels_draw_the_same_everywhere():
    draw = Draw(b"key", "02", "ada")
    # Fixed numbers: what was drawn for a class must be drawn again years later.
    assert [draw.below(1000) for _ in range(6)] == FIXED
    assert Draw(b"key", "02", "ada").order("abcd") == Draw(b"key", "02", "ada").order(
        "abcd"
    )


FIXED = [317, 746, 2, 272, 239, 392]


@pytest.mark.parametrize(
    ("key", "labels"),
    [(b"other", ("02", "ada")), (b"key", ("02", "ben")), (b"key", ("02a", "da"))],
)
def test_other_keys_and_labels_draw_others(key, labels):
    first, other = Draw(b"key", "02", "ada"), Draw(key, *labels)
    assert [first.below(1000) for _ in range(6)] != [other.below(1000) for _ in "6" * 6]


def test_draws_are_fair():
    """Each count is within five standard deviations (they are fixed, so no chance)."""
    draw = Draw(b"fair")
    counts = Counter(draw.integer(-1, 4) for _ in range(6000))
    assert {*counts} == {*range(-1, 5)}
    assert all(abs(n - 1000) < 5 * 29 for n in counts.values())
    orders = Counter("".join(draw.order("abc")) for _ in range(6000))
    assert len(orders) == 6
    assert all(abs(n - 1000) < 5 * 29 for n in orders.values())


def test_a_sample_has_no_value_twice():
    assert sorted(Draw(b"k").sample("abc", 5)) == [*"abc"]
    assert len({*Draw(b"k").sample(range(100), 10)}) == 10


@pytest.mark.parametrize("number", [0, -1, 1 << 64])
def test_impossible_draws(number):
    with pytest.raises(ValueError, match="expected a number"):
        Draw(b"k").below(number)
