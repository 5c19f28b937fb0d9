def fit_temperature(logits, labels):
    best = None
    for start in (1.5,):
        t = nn.Parameter(torch.tensor(start, dtype=torch.float64).log())
        opt = torch.optim.LBFGS([t], lr=1, max_iter=40, line_search_fn="strong_wolfe")

        def closure():
            opt.zero_grad()
            loss = F.cross_entropy(logits.double() / t.exp().clamp(1e-3, 1e3), labels)
            loss.backward()
            return loss

        opt.step(closure)
        value = min(max(t.exp().item(), 0.05), 20.0)
        score = F.cross_entropy(logits.double() / value, labels).item()
        if best is None or score < best[0]:
            best = (score, value)
    return best[1]
