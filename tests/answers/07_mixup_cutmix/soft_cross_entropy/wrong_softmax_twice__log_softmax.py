def soft_cross_entropy(logits, targets):
    probs = torch.softmax(logits, dim=1)
    return -(targets * F.log_softmax(probs, dim=1)).sum(1).mean()
