def expected_depth(rates):
    return int(sum(1 - p for p in rates))
