def depth_distribution(rates):
    p = torch.tensor(rates, dtype=torch.float64)
    runs = (torch.rand(2000, len(rates), dtype=torch.float64) >= p).sum(1)
    return torch.bincount(runs, minlength=len(rates) + 1).double() / 2000
