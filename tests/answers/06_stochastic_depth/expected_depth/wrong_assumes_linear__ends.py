def expected_depth(rates):
    return len(rates) * (1 - (rates[0] + rates[-1]) / 2)
