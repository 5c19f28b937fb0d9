def confidence_only(probs):
    out = probs.clone()
    for i, k in enumerate(probs.argmax(1).tolist()):
        others = [j for j in range(probs.shape[1]) if j != k]
        out[i, others] = probs[i, others].roll(1)
    return out
