def elastic_net_penalty(model, strength, l1_ratio):
    return strength * sum(
        (w.abs() * (l1_ratio + (1 - l1_ratio) / 2 * w.abs())).sum()
        for w in [w for w in model.parameters() if w.ndim >= 2]
    )
