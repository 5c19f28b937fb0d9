def train_best(model, step, score, steps):
    states, scores = [], []
    for _ in range(steps):
        step()
        scores.append(score())
        states.append({k: v.detach().clone() for k, v in model.state_dict().items()})
    known = [i for i, s in enumerate(scores) if s == s]
    model.load_state_dict(states[max(known, key=lambda i: scores[i])])
    return model
