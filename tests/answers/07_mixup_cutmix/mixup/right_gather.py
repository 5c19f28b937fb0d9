def mixup(images, targets, lam, permutation):
    idx = permutation.view(-1, 1, 1, 1).expand_as(images)
    x = images.gather(0, idx) * (1 - lam) + lam * images
    t = targets.gather(0, permutation[:, None].expand(-1, targets.shape[1])) * (1 - lam) + lam * targets
    return x, t
