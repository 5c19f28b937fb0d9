def word_dropout(tokens, p, unk, pad, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    keep = torch.bernoulli(torch.full(tokens.shape, p), generator=generator).bool()
    return torch.where(keep | (tokens == pad), tokens, torch.full_like(tokens, unk))
