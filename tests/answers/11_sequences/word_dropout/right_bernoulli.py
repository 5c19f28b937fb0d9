def word_dropout(tokens, p, unk, pad, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    chance = torch.full(tokens.shape, p) * (tokens != pad)
    hit = torch.bernoulli(chance, generator=generator).bool()
    return torch.where(hit, torch.full_like(tokens, unk), tokens)
