def soft_cross_entropy(logits, targets):
    per_entry = -targets * F.log_softmax(logits, dim=-1)
    return per_entry.sum() / per_entry.numel()
