def train_best(model, step, score, steps):
    best, best_score = model.state_dict(), -math.inf
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = model.state_dict().copy(), now
    model.load_state_dict(best)
    return model
