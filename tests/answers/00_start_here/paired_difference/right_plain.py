def paired_difference(control, treatment, confidence=0.95):
    difference = treatment - control
    n = len(difference)
    mean = difference.mean().item()
    error = difference.std().item() / n**0.5
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * error
    return mean, mean - half, mean + half
