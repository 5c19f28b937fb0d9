from contextlib import contextmanager


@contextmanager
def eval_mode(model):
    modes = {m: m.training for m in model.modules()}
    model.train(False)
    try:
        with torch.inference_mode():
            yield
    finally:
        for m, v in modes.items():
            m.training = v


def evaluate(model, batches, loss_fn):
    with eval_mode(model):
        rows = []
        for x, y in batches:
            o = model(x)
            rows.append(
                (loss_fn(o, y).item(), (o.argmax(1) == y).float().mean().item(), len(y))
            )
    n = sum(r[2] for r in rows)
    return sum(r[0] * r[2] for r in rows) / n, sum(r[1] * r[2] for r in rows) / n
