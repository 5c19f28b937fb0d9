def mixup(images, targets, lam, permutation):
    x, t = images.clone(), targets.clone()
    for i, j in enumerate(permutation):
        x[i] = lam * x[i] + (1 - lam) * x[j]
        t[i] = lam * t[i] + (1 - lam) * t[j]
    return x, t
