def depth_distribution(rates):
    def tail(i, k):
        if i == len(rates):
            return 1.0 if k == 0 else 0.0
        if k < 0:
            return 0.0
        return rates[i] * tail(i + 1, k) + (1 - rates[i]) * tail(i + 1, k - 1)

    n = len(rates)
    return torch.tensor([tail(0, k) for k in range(n + 1)], dtype=torch.float64)
