"""The start of a notebook: five cards from earlier ones, and one earlier exercise."""

from datetime import date

from helpers.study import _panel as panel
from helpers.study import _store as store
from helpers.study.cards import choose, show_cards
from helpers.study.quizzes import known_cards
from helpers.study.titles import catalogue, find, title
from helpers.words import say

__all__ = ["exercise_id", "todays_exercise", "todays_seed", "warm_up"]

CARDS = 5
# Exercises of a few lines that need nothing but torch: good to write from memory.
SHORT = (
    *("train_epoch", "evaluate", "bias_variance", "ridge_fit", "corrupt_labels"),
    *("standard_dropout", "inverted_dropout", "channel_dropout", "ensemble_predict"),
    *("elastic_net_penalty", "soft_threshold", "proximal_step_", "max_norm_"),
    *("adamw_step", "parameter_groups", "cosine_schedule", "drop_rates", "drop_path"),
    *("expected_depth", "smooth_labels", "soft_cross_entropy", "mixup", "cut_box"),
    *("cutmix", "soften", "ensemble_targets", "enable_dropout"),
)


def warm_up(stem: str) -> None:
    """Show five cards from earlier notebooks, and one earlier exercise from memory.

    Args:
        stem: the notebook that begins, e.g. "04_adamw".

    Raises:
        ValueError: it is the first notebook, or none.
    """
    cards = {card.id: card for book in _before(stem) for card in known_cards(book)}
    chosen = choose(cards, CARDS, seed=stem)
    show_cards([cards[id] for id in chosen])
    exercise = todays_exercise(stem)
    if exercise is None:
        return
    book, name = find(exercise)
    card = catalogue()[book][name]
    asked = say(
        "From memory: exercise {number}, {title}, from {title2}. Write it into the "
        "cell below and end that cell with `from helpers.checks import again` and "
        "`again({name})`. The check draws new numbers.",
        number=card["number"],
        title=card["title"],
        title2=title(book),
        name=name,
    )
    inside = panel.lines_as_html([asked]) + f"<pre>{panel.code(card['stub'])}</pre>"
    panel.show(
        "skip", {"html": inside}, text=f"{asked}\n\n{card['stub']}", plain=inside
    )


def todays_exercise(stem: str) -> str | None:
    """Return the earlier exercise to write again: one that was passed, by its box."""
    passed = store.section("passed")
    known = {
        exercise_id(name): name
        for book in _before(stem)
        for name, card in catalogue()[book].items()
        if name in SHORT and name in passed.get(book, {}) and card.get("stub")
    }
    chosen = choose(known, 1, seed=f"{stem} {date.today()}")
    return known[chosen[0]] if chosen else None


def todays_seed() -> int:
    """Return a seed for checks that changes from day to day, and is never 0."""
    return date.today().toordinal()


def exercise_id(name: str) -> str:
    """Return what an exercise's box is kept under."""
    return f"exercise/{name}"


def _before(stem: str) -> list[str]:
    stems = list(catalogue())
    if stem not in stems[1:]:
        raise ValueError(
            say(
                "warm_up({stem!r}): expected a notebook after the first, one of "
                "{stems}.",
                stem=stem,
                stems=", ".join(stems[1:]),
            )
        )
    return stems[: stems.index(stem)]
