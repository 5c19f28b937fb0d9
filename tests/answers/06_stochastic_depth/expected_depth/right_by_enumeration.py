def expected_depth(rates):
    """Walk through the distribution of the depth, block by block."""
    chance = [1.0]
    for rate in rates:
        longer = [0.0] * (len(chance) + 1)
        for depth, c in enumerate(chance):
            longer[depth] += c * rate
            longer[depth + 1] += c * (1 - rate)
        chance = longer
    return float(sum(depth * c for depth, c in enumerate(chance)))
