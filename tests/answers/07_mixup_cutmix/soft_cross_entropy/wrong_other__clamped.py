def soft_cross_entropy(logits, targets):
    return -(targets * logits.softmax(1).clamp(min=1e-9).log()).sum(1).mean()
