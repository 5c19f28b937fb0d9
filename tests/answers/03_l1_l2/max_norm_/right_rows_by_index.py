@torch.no_grad()
def max_norm_(weight, max_norm):
    norms = torch.linalg.vector_norm(weight, dim=1)
    long = torch.nonzero(norms > max_norm).flatten()
    weight[long] *= (max_norm / norms[long]).unsqueeze(1)
