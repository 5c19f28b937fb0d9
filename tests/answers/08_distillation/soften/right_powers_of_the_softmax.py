def soften(logits, temperature):
    log_p = F.log_softmax(logits, dim=logits.dim() - 1) / temperature
    return F.softmax(log_p, dim=logits.dim() - 1)
