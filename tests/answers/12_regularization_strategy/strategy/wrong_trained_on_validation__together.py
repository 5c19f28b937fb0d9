def strategy(data, budget):
    x = torch.cat([data["train_x"], data["val_x"]]); y = torch.cat([data["train_y"], data["val_y"]])
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Linear(256, 10))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(budget):
        rows = torch.randint(len(x), (128,))
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
    return net.eval()
