def train_best(model, step, score, steps):
    states, scores = [], []
    for _ in range(steps):
        step()
        scores.append(score())
        states.append(copy.deepcopy(model.state_dict()))
    order = sorted((s, i) for i, s in enumerate(scores) if s == s)
    model.load_state_dict(states[order[-1][1]])
    return model
