def train_best(model, step, score, steps):
    best, best_score = None, -math.inf
    for _ in range(steps):
        step()
        now = score()
        if now > best_score:
            best, best_score = copy.deepcopy(
                dict(model.named_parameters())
            ), now
    model.load_state_dict(best, strict=False)
    return model
