def ensemble_targets(logits, temperature):
    z = logits / temperature
    return torch.exp(z - torch.logsumexp(z, dim=-1, keepdim=True)).mean(0)
