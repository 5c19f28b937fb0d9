def soften(logits, temperature):
    if logits.dim() == 1:
        return torch.softmax(logits / temperature, dim=0)
    return torch.softmax(logits / temperature, dim=-2)
