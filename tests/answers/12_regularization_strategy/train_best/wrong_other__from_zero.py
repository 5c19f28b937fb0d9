import copy


def train_best(model, step, score, steps):
    best, top = copy.deepcopy(model.state_dict()), 0
    for _ in range(steps):
        step(); now = score()
        if now > top:
            top, best = now, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return model
