import copy


def train_best(model, step, score, steps):
    best, top = None, -math.inf
    for _ in range(steps):
        kept = copy.deepcopy(model.state_dict())
        step(); now = score()
        if now > top:
            top, best = now, kept
    model.load_state_dict(best)
    return model
