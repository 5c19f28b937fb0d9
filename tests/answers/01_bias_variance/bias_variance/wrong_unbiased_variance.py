def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    return ((mean - truth) ** 2).mean().item(), predictions.var(dim=0).mean().item()
