import contextlib
import os
import tempfile


def _random_state():
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        for i in range(torch.cuda.device_count()):
            state[f"cuda:{i}"] = torch.cuda.get_rng_state(i)
    return state


def save_checkpoint(path, model, optimizer, epoch):
    folder = os.path.dirname(os.path.abspath(path))
    handle, name = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            weights = {k: t.detach().clone() for k, t in model.state_dict().items()}
            torch.save(
                {
                    "weights": weights,
                    "optimizer": optimizer.state_dict(),
                    "epoch": torch.tensor(epoch),
                    "random": _random_state(),
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.remove(name)
        raise


def load_checkpoint(path, model, optimizer):
    with open(path, "rb") as file:
        state = torch.load(file, map_location="cpu", weights_only=True)
    with torch.no_grad():
        for key, tensor in model.state_dict().items():
            tensor.copy_(state["weights"][key])
    optimizer.load_state_dict(state["optimizer"])
    for key, random in state["random"].items():
        if key == "cpu":
            torch.set_rng_state(random)
        else:
            torch.cuda.set_rng_state(random, torch.device(key))
    return state["epoch"].item()
