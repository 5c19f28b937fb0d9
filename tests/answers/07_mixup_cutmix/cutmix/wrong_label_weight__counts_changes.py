def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    x = images.clone()
    x[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]
    a = (x != images).double().mean().item()
    return x, (1 - a) * targets + a * targets[permutation]
