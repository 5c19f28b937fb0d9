def bias_variance(predictions, truth):
    e = predictions - truth
    return e.mean(1).square().mean().item(), e.var(1).mean().item()
