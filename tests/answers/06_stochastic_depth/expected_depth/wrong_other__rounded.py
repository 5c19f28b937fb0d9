def expected_depth(rates):
    return round(sum(1 - p for p in rates))
