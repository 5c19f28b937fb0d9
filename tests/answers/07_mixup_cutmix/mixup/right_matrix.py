def mixup(images, targets, lam, permutation):
    eye = torch.eye(len(images), dtype=images.dtype)
    mix = torch.tensor(lam) * eye + (1 - lam) * eye[permutation]
    return torch.tensordot(mix, images, 1), mix @ targets
