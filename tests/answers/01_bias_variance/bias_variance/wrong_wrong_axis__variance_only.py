def bias_variance(predictions, truth):
    bias = ((predictions.mean(dim=0) - truth) ** 2).mean()
    return bias.item(), predictions.var(dim=1).mean().item()
