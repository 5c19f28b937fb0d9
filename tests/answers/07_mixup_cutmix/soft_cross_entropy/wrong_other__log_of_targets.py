def soft_cross_entropy(logits, targets):
    return -(targets.log() * logits.softmax(1)).sum(1).mean()
