def bias_variance(predictions, truth):
    rows = predictions.tolist()
    n = len(truth)
    bias, variance = 0.0, 0.0
    for j in range(n):
        column = [row[j] for row in rows]
        mean = sum(column) / len(column)
        bias += (mean - truth[j].item()) ** 2 / n
        variance += sum((v - mean) ** 2 for v in column) / len(column) / n
    return bias, variance
