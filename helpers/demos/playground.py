"""The regularization playground: a network that trains in the page, with and without."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from helpers.demos._stage import Choice, Scene, Slider

__all__ = ["playground"]

_STRENGTHS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
_RATES = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)

_CONTROLS = (
    Choice(
        "data",
        "points",
        {"moons": "two moons", "spirals": "spirals", "rings": "rings", "yours": "yours"},
    ),
    Slider("points", "training points", 60, 20, 300, 10),
    Slider("falsehood", "false labels", 0.2, 0.0, 0.5, 0.05),
    Slider("depth", "hidden layers", 2, 1, 4, 1),
    Slider("width", "units per layer", 32, values=(2, 4, 8, 16, 32, 64)),
    Choice("activation", "activation", {"tanh": "tanh", "relu": "ReLU"}),
    Slider("rate", "learning rate", 0.01, values=_RATES),
    Slider("batch", "batch", 20, values=(5, 10, 20, 50, 300)),
    Slider("decay", "weight decay", 0.3, values=_STRENGTHS),
    Slider("l1", "L1", 0.0, values=(0.0, 0.001, 0.003, 0.01, 0.03, 0.1)),
    Slider("dropout", "dropout", 0.0, 0.0, 0.9, 0.05),
    Slider("noise", "input noise", 0.0, 0.0, 0.6, 0.05),
    Slider("patience", "patience (looks)", 0, values=(0, 5, 10, 20, 50)),
    Slider("seed", "seed", 1, 1, 20, 1),
)


def _placeholder() -> Figure:
    return plt.figure()


def playground(address: str = "") -> Scene:
    """Return the playground, ready to be shown or written as a page of its own.

    Args:
        address: of the page that shared settings are to open; the present one if empty.
    """
    return Scene(
        "playground",
        "Regularization playground",
        "The same small network trained twice on the same points, without and with "
        "regularizers: what it believes, its training and validation loss over the "
        "steps, and its weights.",
        _CONTROLS,
        _placeholder,
        {"address": address},
        parts=("_network.js",),
    )
