def paired_difference(control, treatment, confidence=0.95):
    n = control.numel()
    cov = torch.cov(torch.stack([control, treatment]).double())
    variance = cov[0, 0] + cov[1, 1] - 2 * cov[0, 1]
    mean = float(treatment.double().mean() - control.double().mean())
    half = float(stats.t.isf((1 - confidence) / 2, n - 1)) * float(variance / n) ** 0.5
    return mean, mean - half, mean + half
