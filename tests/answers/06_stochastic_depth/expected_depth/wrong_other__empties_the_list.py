def expected_depth(rates):
    depth = 0.0
    while rates:
        depth += 1 - rates.pop()
    return depth
