def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    mean, n = d.mean().item(), len(d)
    half = stats.t.ppf(confidence, n - 1) * d.std().item() / n**0.5
    return mean, mean - half, mean + half
