def word_dropout(tokens, p, unk, pad, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    coins = torch.rand(tokens.shape, generator=generator, device=tokens.device)
    tokens[(coins < p) & (tokens != pad)] = unk
    return tokens
