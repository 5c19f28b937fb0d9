def predictive_entropy(probs):
    return torch.special.entr(probs.mean(0)).sum(-1)


def mutual_information(probs):
    m = probs.mean(0).expand_as(probs)
    logm = torch.where(m > 0, m, torch.ones_like(m)).log()
    return F.kl_div(logm, probs, reduction="none").sum(-1).mean(0)
