def soften(logits, temperature):
    return torch.distributions.Categorical(logits=logits / temperature).probs
