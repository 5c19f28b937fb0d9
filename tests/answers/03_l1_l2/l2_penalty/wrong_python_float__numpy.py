import numpy as np


def l2_penalty(model, strength):
    return (
        strength
        / 2
        * sum(
            np.sum(w.detach().numpy() ** 2)
            for w in [w for w in model.parameters() if w.ndim >= 2]
        )
    )


def l1_penalty(model, strength):
    return strength * sum(
        np.abs(w.detach().numpy()).sum()
        for w in [w for w in model.parameters() if w.ndim >= 2]
    )
