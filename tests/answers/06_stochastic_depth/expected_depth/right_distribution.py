def expected_depth(rates):
    # Poisson-binomial: the whole distribution of the depth, then its mean
    probs = [1.0]
    for r in rates:
        new = [0.0] * (len(probs) + 1)
        for k, q in enumerate(probs):
            new[k] += q * r
            new[k + 1] += q * (1 - r)
        probs = new
    return sum(k * q for k, q in enumerate(probs))
