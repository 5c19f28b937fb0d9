def soften(logits, temperature):
    return torch.softmax(logits / max(int(temperature), 1), -1)
