def mixup(images, targets, lam, permutation):
    for i, j in enumerate(permutation.tolist()):
        images[i] = lam * images[i] + (1 - lam) * images[j]
        targets[i] = lam * targets[i] + (1 - lam) * targets[j]
    return images, targets
