import copy


@torch.no_grad()
def mc_predict(model, x, n_samples):
    work = copy.deepcopy(model).eval()
    for m in work.modules():
        if "Dropout" in type(m).__name__:
            m.train()
    out = []
    for _ in range(n_samples):
        out.append(torch.softmax(work(x), dim=-1).unsqueeze(0))
    return torch.cat(out)
