def l2_penalty(model, strength):
    with torch.inference_mode():
        return (
            0.5
            * strength
            * sum((w**2).sum() for w in model.parameters() if w.ndim >= 2)
        )


def l1_penalty(model, strength):
    with torch.inference_mode():
        return strength * sum(w.abs().sum() for w in model.parameters() if w.ndim >= 2)
