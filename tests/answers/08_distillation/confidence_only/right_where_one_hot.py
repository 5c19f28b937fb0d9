def confidence_only(probs):
    chosen = F.one_hot(probs.argmax(-1), probs.size(-1)).bool()
    others = probs.masked_fill(chosen, 0).sum(-1, keepdim=True)
    return torch.where(chosen, probs, others / (probs.size(-1) - 1))
