def l2_penalty(model, strength):
    ws = list(filter(lambda p: p.ndim >= 2, model.parameters()))
    total = ws[0].new_zeros(())
    for w in ws:
        total.add_(w.square().sum(), alpha=strength / 2)
    return total


def l1_penalty(model, strength):
    ws = list(filter(lambda p: p.ndim >= 2, model.parameters()))
    total = ws[0].new_zeros(())
    for w in ws:
        total.add_(w.abs().sum(), alpha=strength)
    return total
