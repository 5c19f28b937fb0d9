def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    n = len(d)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * d.std() / n**0.5
    return d.mean(), d.mean() - half, d.mean() + half
