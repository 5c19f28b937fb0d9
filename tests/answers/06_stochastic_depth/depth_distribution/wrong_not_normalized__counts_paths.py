from math import comb


def depth_distribution(rates):
    n = len(rates)
    return torch.tensor([float(comb(n, k)) for k in range(n + 1)], dtype=torch.float64)
