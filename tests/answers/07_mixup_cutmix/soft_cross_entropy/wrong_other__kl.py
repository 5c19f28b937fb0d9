def soft_cross_entropy(logits, targets):
    return F.kl_div(logits.log_softmax(1), targets, reduction="batchmean")
