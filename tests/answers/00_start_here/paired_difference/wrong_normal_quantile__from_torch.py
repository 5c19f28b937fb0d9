def paired_difference(control, treatment, confidence=0.95):
    d = (treatment - control).double()
    normal = torch.distributions.Normal(0.0, 1.0)
    z = normal.icdf(torch.tensor((1 + confidence) / 2)).item()
    mean, error = d.mean().item(), (d.var() / len(d)).sqrt().item()
    return mean, mean - z * error, mean + z * error
