def soft_cross_entropy(logits, targets):
    return F.cross_entropy(logits.softmax(1), targets)
