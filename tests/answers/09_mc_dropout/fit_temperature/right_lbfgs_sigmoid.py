def fit_temperature(logits, labels):
    z = logits.detach().double()
    v = torch.zeros((), dtype=torch.float64, requires_grad=True)
    lo, hi = math.log(0.05), math.log(20)
    T = lambda: (lo + (hi - lo) * torch.sigmoid(v)).exp()
    opt = torch.optim.LBFGS(
        [v],
        max_iter=300,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-10,
        tolerance_change=1e-14,
    )

    def closure():
        opt.zero_grad()
        loss = F.cross_entropy(z / T(), labels)
        loss.backward()
        return loss

    opt.step(closure)
    return T().item()
