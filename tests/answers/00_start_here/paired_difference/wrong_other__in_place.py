def paired_difference(control, treatment, confidence=0.95):
    treatment -= control
    mean, n = treatment.mean().item(), len(control)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * treatment.std().item() / n**0.5
    return mean, mean - half, mean + half
