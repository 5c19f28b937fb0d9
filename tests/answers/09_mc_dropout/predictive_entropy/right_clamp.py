def predictive_entropy(probs):
    p = probs.mean(0)
    return -(p * p.clamp_min(torch.finfo(p.dtype).tiny).log()).sum(1)


def mutual_information(probs):
    mean = probs.mean(0, keepdim=True)
    ratio = probs.clamp_min(1e-30).log() - mean.clamp_min(1e-30).log()
    return (probs * ratio).sum(-1).mean(0)
