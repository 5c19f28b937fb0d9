def word_dropout(tokens, p, unk, pad, generator=None):
    coins = torch.rand(tokens.shape, generator=generator, device=tokens.device)
    return tokens.masked_fill((coins < p) & (tokens != pad), unk)
