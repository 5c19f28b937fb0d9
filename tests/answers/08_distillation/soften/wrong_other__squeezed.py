def soften(logits, temperature):
    return torch.softmax(logits / temperature, -1).squeeze()
