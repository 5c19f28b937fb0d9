def soften(logits, temperature):
    if logits.dim() == 1:
        return F.softmax(logits * (1 / temperature), dim=0)
    return torch.stack([soften(row, temperature) for row in logits])
