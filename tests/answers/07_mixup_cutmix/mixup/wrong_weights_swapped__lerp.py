def mixup(images, targets, lam, permutation):
    return tuple(torch.lerp(t, t[permutation], lam) for t in (images, targets))
