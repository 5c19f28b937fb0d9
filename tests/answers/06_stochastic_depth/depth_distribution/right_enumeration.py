import itertools


def depth_distribution(rates):
    out = torch.zeros(len(rates) + 1, dtype=torch.float64)
    for coins in itertools.product((0, 1), repeat=len(rates)):
        chance = 1.0
        for runs, p in zip(coins, rates):
            chance *= (1 - p) if runs else p
        out[sum(coins)] += chance
    return out
