def expected_depth(rates):
    return 1 - rates[-1] / 2
