def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    x[::2] = x[::2].flip(-1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 64), nn.ReLU(), nn.Linear(64, 10))
    opt = torch.optim.Adam(net.parameters())
    for _ in range(budget):
        rows = torch.randint(len(x), (64,))
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    return net.eval()
