def expected_depth(rates):
    return (3 * len(rates) - 1) / 4
