def expected_depth(rates):
    return (1 - torch.tensor(rates)).sum().item()
