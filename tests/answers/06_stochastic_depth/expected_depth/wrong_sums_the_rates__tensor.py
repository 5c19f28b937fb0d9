def expected_depth(rates):
    return float(torch.tensor(rates).sum())
