def max_norm_(weight, max_norm):
    with torch.no_grad():
        weight.clamp_(-max_norm, max_norm)
