def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    h, w = images.shape[2:]
    out, soft = torch.empty_like(images), torch.zeros_like(targets)
    keep = 1 - (y2 - y1) * (x2 - x1) / (h * w)
    for i, j in enumerate(permutation.tolist()):
        out[i] = images[i]
        out[i, :, y1:y2, x1:x2] = images[j, :, y1:y2, x1:x2]
        soft[i] = keep * targets[i] + (1 - keep) * targets[j]
    return out, soft
