def soften(logits, temperature):
    return torch.softmax(logits * temperature, dim=0)
