def bias_variance(predictions, truth):
    mean = predictions.mean(dim=1)
    bias = ((mean - truth) ** 2).mean()
    return bias.item(), predictions.var(dim=1, correction=0).mean().item()
