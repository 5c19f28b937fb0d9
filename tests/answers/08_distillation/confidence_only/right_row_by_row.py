def confidence_only(probs):
    out = torch.empty_like(probs)
    for i, row in enumerate(probs):
        k = int(row.argmax())
        out[i] = (1 - row[k]) / (len(row) - 1)
        out[i, k] = row[k]
    return out
