"""Names of countries and languages: split by what is named, spelled as they were."""

import json

import pytest
import torch

from helpers import data
from helpers.data._names import PAD, UNK
from helpers.data._shipped import verified


def spelled(split):
    return {(data.spell(x), k) for x, k in zip(split.x, split.y.tolist(), strict=True)}


def test_nothing_that_is_trained_on_is_validated_under_another_name():
    train, val = data.names(1300)
    rows = json.loads(verified("names.json"))["things"]
    named = {(n, k): i for i, row in enumerate(rows) for k, n in enumerate(row) if n}
    trained, validated = ({named[pair] for pair in spelled(s)} for s in (train, val))
    assert not trained & validated
    assert len(val.y) > 800


def test_smaller_training_parts_lie_in_larger_ones_and_validation_stays():
    small, large = data.names(100), data.names(900)
    assert torch.equal(small[0].x, large[0].x[:100])
    assert torch.equal(small[1].x, large[1].x)
    other = data.names(100, split_seed=1)
    assert not torch.equal(small[0].x, other[0].x)


def test_no_spelling_belongs_to_two_languages():
    train, val = data.names(1300)
    names = [data.spell(x) for x in torch.cat([train.x, val.x])]
    assert len(set(names)) == len(names)
    assert {k for _, k in spelled(val)} == {*range(len(data.LANGUAGES))}


def test_tokens_say_the_name_again():
    tokens = data.encode("Saksa")
    assert data.spell(tokens) == "saksa"
    assert tokens.tolist()[5:] == [PAD] * 7
    assert data.encode("s3").tolist()[:2] == [data.encode("s")[0], UNK]


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="at most 12"):
        data.encode("kirchenslawisch")
    with pytest.raises(ValueError, match="n_train"):
        data.names(0)
