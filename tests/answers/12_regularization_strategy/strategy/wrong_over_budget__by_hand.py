def strategy(data, budget):
    x, y = data["train_x"], data["train_y"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(196, 64), nn.ReLU(),
                        nn.Linear(64, 10))
    for step in range(3 * budget):
        i = torch.randint(len(x), (64,))
        loss = F.cross_entropy(net(x[i]), y[i])
        grads = torch.autograd.grad(loss, list(net.parameters()))
        with torch.no_grad():
            for p, g in zip(net.parameters(), grads):
                p -= 0.1 * g
    return net.eval()
