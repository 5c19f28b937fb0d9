def soften(logits, temperature):
    return torch.softmax(logits / max(temperature, 1.0), -1)
