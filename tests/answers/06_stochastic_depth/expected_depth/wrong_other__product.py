def expected_depth(rates):
    depth = 1.0
    for p in rates:
        depth *= 1 - p
    return depth
