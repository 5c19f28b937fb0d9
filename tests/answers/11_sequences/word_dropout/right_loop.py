def word_dropout(tokens, p, unk, pad, generator=None):
    if not 0 <= p <= 1:
        raise ValueError(p)
    out = tokens.clone()
    for n, row in enumerate(tokens.tolist()):
        coins = torch.rand(len(row), generator=generator).tolist()
        for t, (token, coin) in enumerate(zip(row, coins)):
            if token != pad and coin < p:
                out[n, t] = unk
    return out
