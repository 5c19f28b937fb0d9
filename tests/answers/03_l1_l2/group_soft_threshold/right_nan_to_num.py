def group_soft_threshold(weight, threshold):
    norms = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
    return weight * torch.relu(1 - threshold / norms).nan_to_num(0.0)
