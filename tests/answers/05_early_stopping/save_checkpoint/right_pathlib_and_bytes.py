import io
from pathlib import Path


def save_checkpoint(path, model, optimizer, epoch):
    path = Path(path)
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    parts = [model.state_dict(), optimizer.state_dict()]
    buffer = io.BytesIO()
    torch.save((*parts, epoch, torch.get_rng_state(), cuda), buffer)
    new = path.with_name(path.name + ".new")
    new.write_bytes(buffer.getvalue())
    new.replace(path)


def load_checkpoint(path, model, optimizer):
    buffer = io.BytesIO(Path(path).read_bytes())
    weights, inner, epoch, cpu, cuda = torch.load(buffer)
    optimizer.load_state_dict(inner)
    model.load_state_dict(weights)
    if cuda and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(cuda)
    torch.random.set_rng_state(cpu)
    return int(epoch)
