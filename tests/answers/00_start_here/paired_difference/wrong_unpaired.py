def paired_difference(control, treatment, confidence=0.95):
    n = len(control)
    mean = (treatment.mean() - control.mean()).item()
    error = ((control.var() + treatment.var()) / n).sqrt().item()
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * error
    return mean, mean - half, mean + half
