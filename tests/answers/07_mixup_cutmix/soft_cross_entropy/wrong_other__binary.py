def soft_cross_entropy(logits, targets):
    return F.binary_cross_entropy_with_logits(logits, targets)
