"""A witness in this process; what the judge hears is tried in its own tests."""

import copy

import torch

from helpers.checks.vocabulary.witness import Pass, Passes, Witness


def test_a_witness_tells_of_each_pass_and_copies_tell_the_same():
    passes = Passes(1.25)
    witness = Witness(passes)
    x = torch.ones(3, 2, requires_grad=True)
    assert torch.equal(witness(x), 1.25 * x)
    with torch.no_grad():
        copy.deepcopy(witness).eval()(x.detach()[:2])
    told = [Pass(3, True, True, True), Pass(2, False, False, False)]
    assert passes.take() == told
    assert passes.take() == []
