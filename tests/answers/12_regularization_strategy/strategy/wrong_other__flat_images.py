def strategy(data, budget):
    x, y = data["train_x"].flatten(1), data["train_y"]
    net = nn.Sequential(nn.Linear(196, 64), nn.ReLU(), nn.Linear(64, 10))
    opt = torch.optim.Adam(net.parameters())
    for _ in range(budget):
        rows = torch.randint(len(x), (64,))
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    return net.eval()
