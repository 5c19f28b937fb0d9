def depth_distribution(rates):
    chance = torch.ones(1, dtype=torch.float64)
    nothing = torch.zeros(1, dtype=torch.float64)
    for p in rates:
        chance = torch.cat([chance, nothing]) + (1 - p) * torch.cat([nothing, chance])
    return chance
