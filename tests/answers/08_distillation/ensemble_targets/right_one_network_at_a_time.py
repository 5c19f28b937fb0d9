def ensemble_targets(logits, temperature):
    total = torch.zeros_like(logits[0])
    for z in logits / temperature:
        total += (z - z.logsumexp(1, keepdim=True)).exp() / len(logits)
    return total
