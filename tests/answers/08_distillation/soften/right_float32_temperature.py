def soften(logits, temperature):
    return F.softmax(logits / torch.tensor(temperature), dim=-1)
