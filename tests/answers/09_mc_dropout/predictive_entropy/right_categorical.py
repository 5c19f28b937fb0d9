import math


def predictive_entropy(probs):
    s, n, k = probs.shape
    out = []
    for i in range(n):
        p = [sum(float(probs[j, i, c]) for j in range(s)) / s for c in range(k)]
        out.append(-sum(v * math.log(v) for v in p if v > 0))
    return torch.tensor(out, dtype=probs.dtype)


def mutual_information(probs):
    each = torch.stack([predictive_entropy(p[None]) for p in probs])
    return predictive_entropy(probs) - each.mean(0)
