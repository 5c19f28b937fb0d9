def bias_variance(predictions, truth):
    bias = ((predictions.mean() - truth) ** 2).mean()
    return bias.item(), predictions.var().item()
