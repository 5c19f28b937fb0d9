def fit_temperature(logits, labels):
    beta = torch.ones(1, dtype=torch.float64, requires_grad=True)
    opt = torch.optim.LBFGS([beta], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        opt.zero_grad()
        loss = F.cross_entropy(logits.double() * beta, labels)
        loss.backward()
        return loss

    opt.step(closure)
    return 1 / beta.item()
