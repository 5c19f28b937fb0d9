def expected_depth(rates):
    return 1 - sum(rates) / len(rates)
