def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    bias = ((mean - truth) ** 2).mean()
    return bias.item(), ((predictions - truth) ** 2).mean().item()
