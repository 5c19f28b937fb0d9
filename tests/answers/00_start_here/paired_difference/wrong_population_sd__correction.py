def paired_difference(control, treatment, confidence=0.95):
    d = treatment - control
    n, mean = len(d), d.mean().item()
    s = d.std(correction=0).item()
    half = float(stats.t.ppf(1 - (1 - confidence) / 2, df=n - 1)) * s / n**0.5
    return mean, mean - half, mean + half
