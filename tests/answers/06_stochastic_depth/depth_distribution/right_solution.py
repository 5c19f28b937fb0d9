def depth_distribution(rates):
    chance = torch.ones(1, dtype=torch.float64)
    nothing = torch.zeros(1, dtype=torch.float64)
    for p in rates:
        stays, grows = torch.cat([chance, nothing]), torch.cat([nothing, chance])
        chance = p * stays + (1 - p) * grows
    return chance
