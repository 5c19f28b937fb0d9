def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 32), nn.ReLU(), nn.Linear(32, 10))
    opt = torch.optim.Adam(net.parameters())
    for _ in range(budget):
        rows = torch.randint(len(x), (64,))
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    acc = (net.eval()(data["val_x"]).argmax(1) == data["val_y"]).float().mean()
    return net.eval(), acc
