def soften(logits, temperature):
    first = torch.movedim(logits, -1, 0)
    return torch.movedim(torch.div(first, temperature).softmax(0), 0, -1)
