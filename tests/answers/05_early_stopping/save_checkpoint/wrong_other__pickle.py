import os
import pickle


def save_checkpoint(path, model, optimizer, epoch):
    random = torch.get_rng_state()
    with open(f"{path}.tmp", "wb") as file:
        parts = model.state_dict(), optimizer.state_dict(), epoch, random
        pickle.dump(parts, file)
    os.replace(f"{path}.tmp", path)


def load_checkpoint(path, model, optimizer):
    with open(path, "rb") as file:
        weights, inner, epoch, random = pickle.load(file)
    model.load_state_dict(weights)
    optimizer.load_state_dict(inner)
    torch.set_rng_state(random)
    return epoch
