def bias_variance(predictions, truth):
    mean = predictions.mean(dim=0)
    predictions -= mean
    return ((mean - truth) ** 2).mean().item(), predictions.square().mean().item()
