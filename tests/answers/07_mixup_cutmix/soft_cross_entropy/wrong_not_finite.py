def soft_cross_entropy(logits, targets):
    return -(targets * logits.softmax(1).log()).sum(1).mean()
