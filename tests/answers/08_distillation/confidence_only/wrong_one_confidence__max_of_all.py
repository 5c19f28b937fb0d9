def confidence_only(probs):
    top = probs.max()
    hard = F.one_hot(probs.argmax(1), probs.shape[1]).to(probs)
    return hard * top + (1 - hard) * (1 - top) / (probs.shape[1] - 1)
