def bias_variance(predictions, truth):
    bias = (predictions - truth).mean(0)
    return float(bias.pow(2).mean()), float(predictions.var(0, correction=0).mean())
