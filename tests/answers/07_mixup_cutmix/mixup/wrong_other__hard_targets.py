def mixup(images, targets, lam, permutation):
    hot = F.one_hot(targets.argmax(1), targets.shape[1]).to(targets.dtype)
    return lam * images + (1 - lam) * images[permutation], lam * hot + (1 - lam) * hot[permutation]
