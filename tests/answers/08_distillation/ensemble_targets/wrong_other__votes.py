def ensemble_targets(logits, temperature):
    return F.one_hot(logits.argmax(-1), logits.shape[-1]).to(logits).mean(0)
