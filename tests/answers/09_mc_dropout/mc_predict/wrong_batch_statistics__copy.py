import copy


@torch.no_grad()
def mc_predict(model, x, n_samples):
    work = copy.deepcopy(model).train()
    return torch.stack([work(x).softmax(-1) for _ in range(n_samples)])
