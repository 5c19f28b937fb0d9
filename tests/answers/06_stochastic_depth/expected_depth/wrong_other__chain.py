def expected_depth(rates):
    alive, d = 1.0, 0.0
    for r in rates:
        alive *= 1 - r
        d += alive
    return d
