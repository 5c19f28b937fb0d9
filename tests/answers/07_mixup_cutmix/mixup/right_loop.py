def mixup(images, targets, lam, permutation):
    new_images, new_targets = torch.empty_like(images), torch.empty_like(targets)
    for i, j in enumerate(permutation.tolist()):
        new_images[i] = images[i] * lam + images[j] * (1 - lam)
        new_targets[i] = targets[i] * lam + targets[j] * (1 - lam)
    return new_images, new_targets
