def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    spread = ((predictions - mean) ** 2).sum(dim=0) / (len(predictions) - 1)
    return ((mean - truth) ** 2).mean().item(), spread.mean().item()
