def paired_difference(control, treatment, confidence=0.95):
    d = (treatment - control).double().numpy()
    low, high = stats.t.interval(confidence, len(d) - 1, d.mean(), d.std(ddof=1))
    return float(d.mean()), float(low), float(high)
