def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Dropout(0.0),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(20):
        i = torch.randint(len(x), (64,))
        xb, yb = x[i], y[i]
        x.mul_(0.5)
        net.train()
        optimizer.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        optimizer.step()
    return net.eval()
