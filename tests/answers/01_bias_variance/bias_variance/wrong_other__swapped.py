def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    bias = ((mean - truth) ** 2).mean().item()
    return predictions.var(dim=0, correction=0).mean().item(), bias
