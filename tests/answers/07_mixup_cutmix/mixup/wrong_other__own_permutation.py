def mixup(images, targets, lam, permutation):
    p = torch.randperm(len(images))
    return lam * images + (1 - lam) * images[p], lam * targets + (1 - lam) * targets[p]
