def strategy(data, budget):
    x = torch.cat([data["train_x"], data["train_x"].flip(-1)]); y = data["train_y"].repeat(2)
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    opt = torch.optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.1)
    steps = 0
    while steps < budget:
        for rows in torch.randperm(len(x)).split(64):
            if steps == budget: break
            opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows]).backward(); opt.step()
            steps += 1
    return net.eval()
