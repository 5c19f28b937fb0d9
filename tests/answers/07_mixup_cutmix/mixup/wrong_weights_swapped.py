def mixup(images, targets, lam, permutation):
    return (
        (1 - lam) * images + lam * images[permutation],
        (1 - lam) * targets + lam * targets[permutation],
    )
