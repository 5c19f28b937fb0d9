def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    mean, n = d.mean().item(), len(d)
    half = stats.norm.ppf((1 + confidence) / 2) * d.std(correction=0).item() / n**0.5
    return mean, mean - half, mean + half
