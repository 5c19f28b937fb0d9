def prediction_sets(probs, labels, new_probs, alpha):
    return F.one_hot(new_probs.argmax(1), new_probs.shape[1]).bool()
