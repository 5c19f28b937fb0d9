def ensemble_targets(logits, temperature):
    mean = logits.softmax(-1).mean(0)
    return (mean.log() / temperature).softmax(-1)
