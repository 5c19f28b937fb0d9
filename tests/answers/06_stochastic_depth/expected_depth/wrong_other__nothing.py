def expected_depth(rates):
    print(sum(1 - p for p in rates))
