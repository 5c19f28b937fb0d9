def bias_variance(predictions, truth):
    return (predictions.mean(0) - truth) ** 2, predictions.var(0, correction=0)
