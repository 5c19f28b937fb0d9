def ensemble_targets(logits, temperature):
    log_p = F.log_softmax(logits / temperature, dim=2)
    return (torch.logsumexp(log_p, dim=0) - math.log(logits.shape[0])).exp()
