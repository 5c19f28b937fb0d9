"""Values to work out by hand, with numbers that are drawn for each learner."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["HANDS", "Hand"]


@dataclass(frozen=True)
class Hand:
    """One question.

    Args:
        stem: the notebook that teaches it.
        exercise: the course's function of which it is one value.
        title: for its heading.
        text: the question, in Markdown.
        values: lines of code, each drawn (see `staff.grader.variants`).
        formula: the answer, in those names.
        call: the same value by the course's function, for the proof.
    """

    stem: str
    exercise: str
    title: str
    text: str
    values: str
    formula: str
    call: str


HANDS = (
    Hand(
        "02_dropout_from_scratch",
        "dropout_penalty",
        "The penalty that dropout is",
        "A linear model with one weight `w` sees the two examples `a` and `b` of its "
        "only feature, and drops it with probability `p`. How large is the penalty "
        "that dropout adds to the mean squared error, on average over the masks?",
        "a = 1  # drawn: integer(1, 6)\n"
        "b = 3  # drawn: integer(1, 6)\n"
        "w = 2  # drawn: choice(-3, -2, 2, 3)\n"
        "p = 0.2  # drawn: choice(0.1, 0.2, 0.25, 0.5)",
        "p / (1 - p) * w**2 * (a**2 + b**2) / 2",
        "f(torch.tensor([[a], [b]]).double(), torch.tensor([w]).double(), p)",
    ),
    Hand(
        "03_l1_l2",
        "soft_threshold",
        "Soft threshold",
        "What does soft thresholding with `threshold` make of the weight `w`?",
        "w = -1.5  # drawn: choice(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)\n"
        "threshold = 0.4  # drawn: choice(0.2, 0.4, 0.8, 1.0)",
        "max(abs(w) - threshold, 0) * (1 if w > 0 else -1)",
        "f(torch.tensor([w]).double(), threshold)",
    ),
    Hand(
        "06_stochastic_depth",
        "drop_rates",
        "Rates that rise with depth",
        "The rates of stochastic depth rise linearly up to `final_rate` in the last of "
        "`num_blocks` blocks. What is the rate of block number `block`, counted from "
        "1?",
        "num_blocks = 8  # drawn: choice(5, 8, 10, 20)\n"
        "final_rate = 0.5  # drawn: choice(0.2, 0.4, 0.5)\n"
        "block = 3  # drawn: integer(1, 5)",
        "block / num_blocks * final_rate",
        "f(num_blocks, final_rate)[block - 1]",
    ),
    Hand(
        "06_stochastic_depth",
        "expected_depth",
        "Expected depth",
        "Blocks are skipped with the probabilities in `rates`. How many blocks does an "
        "example pass through, on average?",
        "rates = [0.1, 0.2, 0.5]  # drawn: choice([0.1, 0.2, 0.5], [0.2, 0.4, 0.7], "
        "[0.1, 0.5], [0.25, 0.3, 0.6, 0.7])",
        "sum(1 - rate for rate in rates)",
        "f(rates)",
    ),
    Hand(
        "07_mixup_cutmix",
        "smooth_labels",
        "Smoothed labels",
        "With `num_classes` classes and smoothing `epsilon`, what target does the true "
        "class get?",
        "num_classes = 10  # drawn: choice(2, 4, 5, 10)\n"
        "epsilon = 0.1  # drawn: choice(0.1, 0.2, 0.3)",
        "1 - epsilon + epsilon / num_classes",
        "f(torch.tensor([1]), num_classes, epsilon)[0, 1]",
    ),
)
