from scipy.stats import binom


def depth_distribution(rates):
    n = len(rates)
    keep = sum(1 - p for p in rates) / n
    return torch.from_numpy(binom.pmf(range(n + 1), n, keep))
