def soft_cross_entropy(logits, targets):
    return -(targets * logits.log_softmax(0)).sum(1).mean()
