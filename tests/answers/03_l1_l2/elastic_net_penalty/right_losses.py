def elastic_net_penalty(model, strength, l1_ratio):
    return strength * sum(
        l1_ratio * F.l1_loss(w, torch.zeros_like(w), reduction="sum")
        + (1 - l1_ratio) / 2 * F.mse_loss(w, torch.zeros_like(w), reduction="sum")
        for w in [w for w in model.parameters() if w.ndim >= 2]
    )
