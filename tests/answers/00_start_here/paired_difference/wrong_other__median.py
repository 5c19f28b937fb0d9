def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    middle, n = d.median().item(), len(d)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * d.std().item() / n**0.5
    return middle, middle - half, middle + half
