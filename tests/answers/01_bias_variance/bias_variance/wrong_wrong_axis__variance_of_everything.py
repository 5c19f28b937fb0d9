def bias_variance(predictions, truth):
    bias = ((predictions.mean(0) - truth) ** 2).mean()
    return bias.item(), predictions.var(correction=0).item()
