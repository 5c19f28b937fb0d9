def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    bias_squared = ((mean - truth) ** 2).mean()
    variance = ((predictions - mean) ** 2).mean()
    return bias_squared.item(), variance.item()
