import copy


@torch.no_grad()
def mc_predict(model, x, n_samples):
    modes = [(m, m.training) for m in model.modules()]
    state = copy.deepcopy(model.state_dict())
    model.train()
    probs = model(x.repeat(n_samples, 1)).softmax(-1).view(n_samples, len(x), -1)
    model.load_state_dict(state)
    for m, mode in modes:
        m.training = mode
    return probs
