def _h(row):
    return sum(-float(p) * math.log(float(p)) for p in row if p > 0)


def predictive_entropy(probs):
    mean = probs.double().mean(0)
    return torch.tensor(
        [_h(row) for row in mean], dtype=probs.dtype, device=probs.device
    )


def mutual_information(probs):
    S, N, K = probs.shape
    each = [sum(_h(probs[s, n].double()) for s in range(S)) / S for n in range(N)]
    return torch.tensor(
        [_h(probs[:, n].double().mean(0)) - each[n] for n in range(N)],
        dtype=probs.dtype,
        device=probs.device,
    )
