from torchvision import ops as tvops
def drop_path(residual, p, training, generator=None):
    if not 0 <= p <= 1: raise ValueError("p")
    if generator is None:
        return tvops.stochastic_depth(residual, p, "row", training)
    with torch.random.fork_rng(devices=[]):
        torch.set_rng_state(generator.get_state())
        out = tvops.stochastic_depth(residual, p, "row", training)
        generator.set_state(torch.get_rng_state())
    return out
