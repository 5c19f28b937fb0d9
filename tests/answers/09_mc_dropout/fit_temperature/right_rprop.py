def fit_temperature(logits, labels):
    u = torch.zeros((), requires_grad=True)
    opt = torch.optim.Rprop([u], lr=0.1)
    for _ in range(60):
        opt.zero_grad()
        torch.nn.functional.nll_loss(torch.log_softmax(logits.float() * torch.exp(-u), 1), labels).backward()
        opt.step()
        with torch.no_grad():
            u.clamp_(-2.9957, 2.9957)
    return float(torch.exp(u.detach()))
