class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(196, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10))
    def forward(self, x):
        return (self.net(x) + self.net(x.flip(-1))) / 2
def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = Both()
    opt = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(budget):
        rows = torch.randint(len(x), (64,))
        opt.zero_grad(); F.cross_entropy(net(x[rows]), y[rows], label_smoothing=0.2).backward(); opt.step()
    return net.eval()
