def ensemble_targets(logits, temperature):
    return logits.softmax(-1).mean(0)
