def expected_depth(rates):
    return 0.75 * len(rates)
