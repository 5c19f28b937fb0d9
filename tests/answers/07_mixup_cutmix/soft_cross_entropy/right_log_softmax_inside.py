def soft_cross_entropy(logits, targets):
    return F.cross_entropy(F.log_softmax(logits, 1), targets)
