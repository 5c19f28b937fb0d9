from math import comb


def depth_distribution(rates):
    n = len(rates)
    p = sum(rates) / n
    return torch.tensor(
        [comb(n, k) * (1 - p) ** k * p ** (n - k) for k in range(n + 1)],
        dtype=torch.float64,
    )
