def ensemble_targets(logits, temperature):
    weights = logits.new_full((logits.shape[0],), 1 / logits.shape[0])
    return torch.einsum("m,mnk->nk", weights, torch.softmax(logits / temperature, 2))
