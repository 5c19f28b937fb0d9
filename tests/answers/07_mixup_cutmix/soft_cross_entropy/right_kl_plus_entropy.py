def soft_cross_entropy(logits, targets):
    log_probs = logits.log_softmax(1)
    kl = F.kl_div(log_probs, targets, reduction="batchmean")
    return kl + torch.special.entr(targets).sum(1).mean()
