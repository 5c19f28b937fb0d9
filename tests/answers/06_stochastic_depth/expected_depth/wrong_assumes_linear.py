def expected_depth(rates):
    n = len(rates)
    return n - rates[-1] * (n + 1) / 2
