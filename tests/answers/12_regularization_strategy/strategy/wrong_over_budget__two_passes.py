def strategy(data, budget):
    """Sharpness-aware minimization: two passes for each step."""
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 128), nn.ReLU(),
                        nn.Linear(128, 10))
    params = list(net.parameters())
    optimizer = torch.optim.SGD(params, lr=0.1)
    for step in range(budget):
        i = torch.randint(len(x), (64,))
        optimizer.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        with torch.no_grad():
            size = torch.stack([p.grad.norm() for p in params]).norm()
            away = [0.05 * p.grad / size for p in params]
            for p, e in zip(params, away):
                p += e
        optimizer.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        with torch.no_grad():
            for p, e in zip(params, away):
                p -= e
        optimizer.step()
    return net.eval()
