def max_norm_(weight, max_norm):
    with torch.no_grad():
        scale = torch.where(
            (n := weight.norm(dim=-1)) > max_norm, max_norm / n, torch.ones_like(n)
        )
        weight *= scale[:, None]
