def group_soft_threshold(weight, threshold):
    norm = torch.linalg.matrix_norm(weight) + 1e-12
    return weight * torch.relu(1 - threshold / norm)
