from scipy.optimize import brentq


def fit_temperature(logits, labels):
    z = logits.double()

    def g(u):
        v = torch.tensor(u, dtype=torch.float64, requires_grad=True)
        F.cross_entropy(z / v.exp(), labels).backward()
        return v.grad.item()

    a, b = math.log(0.05), math.log(20)
    if g(a) >= 0:
        return 0.05
    if g(b) <= 0:
        return 20.0
    return float(math.exp(brentq(g, a, b)))
