def bias_variance(predictions, truth):
    bias = ((predictions.mean(dim=0) - truth) ** 2).mean()
    return bias.item(), predictions.std(dim=0, correction=0).mean().item()
