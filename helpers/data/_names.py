"""Names of countries and languages in eight languages: which language is it?"""

import json
from typing import Any

import torch
from torch import Tensor

from helpers.data._shipped import verified
from helpers.data._splits import Split
from helpers.seeds import generator
from helpers.words import say

__all__ = ["ALPHABET", "LANGUAGES", "PAD", "UNK", "encode", "names", "spell"]

PAD, UNK = 0, 1
ALPHABET = "·?abcdefghijklmnopqrstuvwxyz "  # a character's place is its token
LONGEST = 12
LANGUAGES = (
    *("German", "Finnish", "Hungarian", "Italian"),
    *("Polish", "Portuguese", "Swedish", "Turkish"),
)


def names(
    n_train: int = 800,
    *,
    split_seed: int = 0,
    device: str | torch.device = "cpu",
) -> tuple[Split, Split]:
    """Return names, character by character, with the language they are written in.

    Two in five of the countries and languages are for validation only, under all their
    names: nothing that is named in the one part is named in the other. `n_train` names
    are drawn from the rest; smaller training parts lie in larger ones.

    Args:
        n_train: how many training names, at most 1,386 for the first split.
        split_seed: seed of the split, not of training.
        device: where the tensors live.

    Returns: train and val, each with x (N, 12) int64 tokens (0 pads at the end, 1
    stands for an unknown character) and y (N,) int64 languages, places in `LANGUAGES`.

    Raises:
        ValueError: `n_train` out of range.
        FileNotFoundError: the shipped file is missing or damaged.

    Source: Unicode CLDR through Babel 2.18.0 (Unicode License V3), see data/README.md.
    """
    things: list[list[str]] = json.loads(verified("names.json"))["things"]
    draw = generator(split_seed)
    order = torch.randperm(len(things), generator=draw).tolist()
    cut = 2 * len(things) // 5
    pool, held = (_pairs(things, part) for part in (order[cut:], order[:cut]))
    if not 1 <= n_train <= len(pool):
        raise ValueError(
            say(
                "expected 1 <= n_train <= {n_pool}, got {n_train}",
                n_pool=len(pool),
                n_train=n_train,
            )
        )
    chosen = torch.randperm(len(pool), generator=draw)[:n_train].tolist()
    train = _split([pool[i] for i in chosen], device)
    return train, _split(held, device)


def encode(name: str) -> Tensor:
    """Return a name's tokens (12,) int64, padded at the end.

    Raises:
        ValueError: more than 12 characters.
    """
    if len(name) > LONGEST:
        raise ValueError(
            say(
                "expected at most {longest} characters, got {n_name}",
                longest=LONGEST,
                n_name=len(name),
            )
        )
    tokens = [ALPHABET.find(c, 2) for c in name.lower()]
    padded = [UNK if k < 0 else k for k in tokens] + [PAD] * (LONGEST - len(name))
    return torch.tensor(padded)


def spell(tokens: Tensor) -> str:
    """Return the characters of tokens (T,), without the padding."""
    return "".join(ALPHABET[k] for k in tokens.tolist() if k != PAD)


def _pairs(things: list[list[str]], order: list[int]) -> list[tuple[str, int]]:
    return [(name, k) for i in order for k, name in enumerate(things[i]) if name]


def _split(pairs: list[tuple[str, int]], device: Any) -> Split:
    x = torch.stack([encode(name) for name, _ in pairs]).to(device)
    return Split(x, torch.tensor([k for _, k in pairs], device=device))
