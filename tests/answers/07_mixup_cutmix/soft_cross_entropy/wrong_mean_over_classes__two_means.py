def soft_cross_entropy(logits, targets):
    return -(targets * logits.log_softmax(1)).mean(1).mean(0)
