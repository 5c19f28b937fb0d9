def train_best(model, step, score, steps):
    best, best_score = None, -math.inf
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = [p.detach().clone() for p in model.parameters()], now
    with torch.no_grad():
        for p, kept in zip(model.parameters(), best):
            p.copy_(kept)
    return model
