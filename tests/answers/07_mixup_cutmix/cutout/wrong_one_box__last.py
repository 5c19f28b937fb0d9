def cutout(images, center_y, center_x, size, fill=0.0):
    for y, x in zip(center_y.tolist(), center_x.tolist()):
        holed = images.clone()
        top, left = y - size // 2, x - size // 2
        holed[:, :, max(top, 0) : top + size, max(left, 0) : left + size] = fill
    return holed
