def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    if y1 == y2 or x1 == x2:
        return images.clone(), targets.clone()
    rows = images[:, :, y1:y2].slice_scatter(images[permutation][:, :, y1:y2, x1:x2], 3, x1, x2)
    out = images.slice_scatter(rows, 2, y1, y2)
    area = (y2 - y1) * (x2 - x1) / math.prod(images.shape[2:])
    return out, sum(w * t for w, t in ((1 - area, targets), (area, targets[permutation])))
