def depth_distribution(rates):
    chance = [1.0]
    for p in rates:
        chance = [p * a + (1 - p) * b for a, b in zip([*chance, 0.0], [0.0, *chance])]
    return torch.tensor(chance)
