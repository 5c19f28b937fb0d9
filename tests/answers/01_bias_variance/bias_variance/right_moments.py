def bias_variance(predictions, truth):
    p = predictions.double()
    second = p.square().mean(0) - p.mean(0).square()
    return (p.mean(0) - truth).square().mean().item(), second.mean().item()
