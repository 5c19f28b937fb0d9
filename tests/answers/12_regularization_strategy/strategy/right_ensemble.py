class Ensemble(nn.Module):
    """Averages the probabilities of its members; gives their logarithms."""

    def __init__(self, members):
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x):
        parts = torch.stack([member(x).log_softmax(1) for member in self.members])
        return parts.logsumexp(0)


def strategy(data, budget):
    """Four short runs on mirrored images, averaged."""
    members = [short_run(data, budget // 4) for _ in range(4)]
    return Ensemble(members).eval()


def short_run(data, steps):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Dropout(0.3),
        nn.Linear(256, 10),
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(steps):
        i = torch.randint(len(x), (64,))
        xb = torch.where(torch.rand(64, 1, 1, 1) < 0.5, x[i].flip(-1), x[i])
        optimizer.zero_grad()
        F.cross_entropy(net(xb), y[i]).backward()
        optimizer.step()
    return net
