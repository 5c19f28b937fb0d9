def train_best(model, step, score, steps):
    best, best_score = None, -math.inf
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = {
                k: v.clone() for k, v in model.state_dict().items()
            }, now
    model.load_state_dict(best)
    return model
