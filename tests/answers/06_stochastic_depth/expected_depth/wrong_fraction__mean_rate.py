def expected_depth(rates):
    return sum(rates) / len(rates)
