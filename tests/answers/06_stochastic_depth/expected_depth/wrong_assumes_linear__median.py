def expected_depth(rates):
    ordered, n = sorted(rates), len(rates)
    middle = (ordered[n // 2] + ordered[(n - 1) // 2]) / 2
    return n * (1 - middle)
