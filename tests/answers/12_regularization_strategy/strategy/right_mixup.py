import copy


def strategy(data, budget):
    """Mirroring, mixup and dropout, with the best weights on validation."""
    x, y = data["train_x"], F.one_hot(data["train_y"], 10).float()
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 300), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(300, 150), nn.ReLU(), nn.Dropout(0.3), nn.Linear(150, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    best, kept = -1.0, None
    for step in range(1, budget + 1):
        net.train()
        i, j = torch.randint(len(x), (2, 64))
        share = torch.distributions.Beta(1.0, 1.0).sample()
        xb, yb = share * x[i] + (1 - share) * x[j], share * y[i] + (1 - share) * y[j]
        if torch.rand(()) < 0.5:
            xb = xb.flip(-1)
        optimizer.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        optimizer.step()
        if step % 10 == 0:
            net.eval()
            with torch.no_grad():
                right = (net(data["val_x"]).argmax(1) == data["val_y"]).float().mean()
            if right > best:
                best, kept = right, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    return net.eval()
