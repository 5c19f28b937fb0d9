def bias_variance(predictions, truth):
    bias = predictions.mean() - truth.mean()
    return (bias**2).item(), predictions.var(dim=0).mean().item()
