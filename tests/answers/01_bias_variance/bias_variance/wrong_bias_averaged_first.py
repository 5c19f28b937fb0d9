def bias_variance(predictions, truth):
    bias = (predictions.mean(dim=0) - truth).mean()
    return bias.item() ** 2, predictions.var(dim=0, correction=0).mean().item()
