def expected_depth(rates):
    return sum(1 - p for p in set(rates))
