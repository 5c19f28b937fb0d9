def expected_depth(rates):
    return len(rates) * (1 - rates[-1] / 2)
