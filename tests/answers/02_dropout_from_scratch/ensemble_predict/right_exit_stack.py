import contextlib


def remember(module, stack):
    stack.callback(setattr, module, "training", module.training)
    for child in module.children():
        remember(child, stack)


def ensemble_predict(model, x, n_samples):
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        remember(model, stack)
        model.train()
        return sum(model(x).softmax(-1) for _ in range(n_samples)) / n_samples
