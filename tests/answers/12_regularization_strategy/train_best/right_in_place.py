def train_best(model, step, score, steps):
    live = [*model.parameters(), *model.buffers()]
    kept, top = [v.detach().clone() for v in live], -math.inf
    for _ in range(steps):
        step(); now = score()
        if now > top:
            top = now
            kept = [v.detach().clone() for v in live]
    with torch.no_grad():
        for v, k in zip(live, kept): v.copy_(k)
    return model
