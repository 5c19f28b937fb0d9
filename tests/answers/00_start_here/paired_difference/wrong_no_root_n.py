def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    mean = d.mean().item()
    half = stats.t.ppf((1 + confidence) / 2, len(d) - 1) * d.std().item()
    return mean, mean - half, mean + half
