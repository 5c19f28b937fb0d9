def paired_difference(control, treatment, confidence=0.95):
    d = (treatment.double() - control.double()).numpy()
    low, high = stats.t.interval(confidence, len(d) - 1, d.mean(), stats.sem(d))
    return float(d.mean()), float(low), float(high)
