def expected_depth(rates):
    return len(rates) - sum(rates)
