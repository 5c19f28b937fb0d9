from contextlib import contextmanager


@contextmanager
def evaluating(model):
    mode, grad = model.training, torch.is_grad_enabled()
    model.train(False)
    torch.set_grad_enabled(False)
    yield
    torch.set_grad_enabled(grad)
    model.train(mode)


def evaluate(model, batches, loss_fn):
    loss, accuracy, n = 0.0, 0.0, 0
    with evaluating(model):
        for x, y in batches:
            for row, label in zip(x, y):
                logits = model(row[None])
                n += 1
                loss += (float(loss_fn(logits, label[None])) - loss) / n
                accuracy += (float(logits[0].argmax() == label) - accuracy) / n
    return loss, accuracy
