import copy


def ensemble_predict(model, x, n_samples):
    with torch.inference_mode():
        work = copy.deepcopy(model).train()
        return sum(torch.softmax(work(x), -1) for _ in range(n_samples)) / n_samples
