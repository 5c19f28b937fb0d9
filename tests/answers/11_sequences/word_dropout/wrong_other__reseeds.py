def word_dropout(tokens, p, unk, pad, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    torch.manual_seed(0)
    coins = torch.rand(tokens.shape)
    return tokens.masked_fill((coins < p) & (tokens != pad), unk)
