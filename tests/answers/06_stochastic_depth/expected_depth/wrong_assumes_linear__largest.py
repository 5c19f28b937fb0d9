def expected_depth(rates):
    n = len(rates)
    return sum(1 - k / n * max(rates) for k in range(1, n + 1))
