def variance_shift(x, p, generator=None):
    if p < 0 or p > 1:
        raise ValueError("p is a probability")
    if p == 1:
        return 0.0
    ratio = float(x.mean()) ** 2 / float(x.var(correction=0))
    return (1 + p * ratio) / (1 - p)
