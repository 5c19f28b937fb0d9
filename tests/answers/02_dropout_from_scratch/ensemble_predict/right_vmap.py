import contextlib
import copy

import torch.nn.functional as F


@torch.no_grad()
def ensemble_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    model.train()
    probs = torch.vmap(lambda _: model(x).softmax(-1), randomness="different")(
        torch.zeros(n_samples)
    )
    for m, mode in modes:
        m.training = mode
    return probs.mean(0)
