def l2_penalty(model, strength):
    return (
        strength
        / 2
        * torch.stack(
            [
                n**2
                for n in torch._foreach_norm(
                    [w for w in model.parameters() if w.ndim >= 2]
                )
            ]
        ).sum()
    )


def l1_penalty(model, strength):
    return (
        strength
        * torch.stack(
            torch._foreach_norm([w for w in model.parameters() if w.ndim >= 2], 1)
        ).sum()
    )
