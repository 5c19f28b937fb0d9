import copy


def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 48), nn.ReLU(), nn.Linear(48, 10))
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)
    kept, top = None, -1.0
    for step in range(budget):
        rows = torch.randint(len(x), (100,))
        b = x[rows] if step % 2 else x[rows].flip(-1)
        opt.zero_grad(); F.cross_entropy(net(b), y[rows]).backward(); opt.step()
        if step % 10 == 9:
            with torch.no_grad():
                now = (net(data["val_x"]).argmax(1) == data["val_y"]).float().mean()
            if now > top:
                top, kept = now, copy.deepcopy(net.state_dict())
    net.load_state_dict(kept)
    return net.eval()
