class Classes(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net(x).argmax(1)


def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Dropout(0.0),
        nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for step in range(budget):
        i = torch.randint(len(x), (64,))
        xb, yb = x[i], y[i]
        net.train()
        optimizer.zero_grad()
        F.cross_entropy(net(xb), yb).backward()
        optimizer.step()
    return Classes(net).eval()
