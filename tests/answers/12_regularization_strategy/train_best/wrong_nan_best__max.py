def train_best(model, step, score, steps):
    states, scores = [], []
    for _ in range(steps):
        step()
        scores.append(score())
        states.append(copy.deepcopy(model.state_dict()))
    model.load_state_dict(states[int(torch.tensor(scores).argmax())])
    return model
