def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    variance = ((predictions - mean) ** 2).mean()
    return (mean - truth).abs().mean().item(), variance.item()
