import copy


def strategy(data, budget):
    """Without an optimizer: momentum by hand; mirrored images, dropout, stopping."""
    x, y = data["train_x"], data["train_y"]
    both_x, both_y = torch.cat([x, x.flip(-1)]), torch.cat([y, y])
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(196, 256), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(256, 10),
    )
    params = list(net.parameters())
    speed = [torch.zeros_like(p) for p in params]
    best, kept = 0.0, None
    for step in range(budget):
        i = torch.randint(len(both_x), (100,))
        loss = F.cross_entropy(net(both_x[i]), both_y[i])
        with torch.no_grad():
            for p, v, g in zip(params, speed, torch.autograd.grad(loss, params)):
                v.mul_(0.9).add_(g)
                p.sub_(0.02 * v)
        if step % 10 == 9:
            net.eval()
            with torch.no_grad():
                right = (net(data["val_x"]).argmax(1) == data["val_y"]).float().mean()
            if right > best:
                best, kept = right, copy.deepcopy(net.state_dict())
            net.train()
    net.load_state_dict(kept)
    return net.eval()
