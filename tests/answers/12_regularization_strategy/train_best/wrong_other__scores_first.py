def train_best(model, step, score, steps):
    best, best_score = None, -math.inf
    for _ in range(steps):
        now = score()
        step()
        if now > best_score:
            best, best_score = copy.deepcopy(model.state_dict()), now
    model.load_state_dict(best)
    return model
