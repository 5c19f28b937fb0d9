def depth_distribution(rates):
    chance = torch.zeros(len(rates) + 1).double()
    chance[0] = 1
    for done, p in enumerate(rates):
        for k in range(done + 1, 0, -1):
            chance[k] = p * chance[k] + (1 - p) * chance[k - 1]
        chance[0] *= p
    return chance
