def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    mean = d.mean().item()
    half = stats.norm.ppf((1 + confidence) / 2) * d.std().item() / len(d) ** 0.5
    return mean, mean - half, mean + half
