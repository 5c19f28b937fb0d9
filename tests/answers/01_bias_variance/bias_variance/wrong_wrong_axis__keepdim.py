def bias_variance(predictions, truth):
    mean = predictions.mean(dim=-1, keepdim=True)
    bias = ((mean - truth) ** 2).mean()
    return bias.item(), ((predictions - mean) ** 2).mean().item()
