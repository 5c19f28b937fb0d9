def strategy(data, budget):
    x = torch.cat([data["train_x"], data["val_x"]])
    y = torch.cat([data["train_y"], data["val_y"]])
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
    for step in range(budget):
        i = torch.randint(len(x), (128,))
        net.train()
        optimizer.zero_grad()
        F.cross_entropy(net(x[i]), y[i]).backward()
        optimizer.step()
    return net.eval()
