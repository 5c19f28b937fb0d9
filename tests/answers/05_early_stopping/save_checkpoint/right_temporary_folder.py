import os
from pathlib import Path
from tempfile import TemporaryDirectory


def save_checkpoint(path, model, optimizer, epoch):
    path = Path(path)
    with TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / "part"
        everything = dict(
            m=model.state_dict(), o=optimizer.state_dict(), e=epoch, r=[]
        )
        everything["r"].append(torch.random.get_rng_state())
        if torch.cuda.is_available():
            everything["r"].extend(torch.cuda.get_rng_state_all())
        torch.save(everything, part)
        os.rename(part, path)


def load_checkpoint(path, model, optimizer):
    everything = torch.load(str(path), weights_only=True)
    for target, key in ((model, "m"), (optimizer, "o")):
        target.load_state_dict(everything[key])
    cpu, *cuda = everything["r"]
    torch.random.set_rng_state(cpu)
    if torch.cuda.is_available():
        torch.cuda.set_rng_state_all(cuda)
    return everything["e"]
