def depth_distribution(rates):
    chance = [1.0]
    for p in rates:
        chance = [
            (1 - p) * a + p * b for a, b in zip([*chance, 0.0], [0.0, *chance])
        ]
    return torch.tensor(chance, dtype=torch.float64)
