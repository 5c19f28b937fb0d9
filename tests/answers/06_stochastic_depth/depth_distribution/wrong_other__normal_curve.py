def depth_distribution(rates):
    p = torch.tensor(rates, dtype=torch.float64)
    mean, var = (1 - p).sum(), (p * (1 - p)).sum() + 1e-12
    k = torch.arange(len(rates) + 1, dtype=torch.float64)
    bell = torch.exp(-((k - mean) ** 2) / (2 * var)) + 1e-300
    return bell / bell.sum()
