def expected_depth(rates):
    depth = 0.0
    for rate in rates:
        depth += 1.0 - rate
    return depth
