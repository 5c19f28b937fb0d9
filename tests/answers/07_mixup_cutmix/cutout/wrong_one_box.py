def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    top, left = int(center_y[0]) - size // 2, int(center_x[0]) - size // 2
    holed[:, :, max(top, 0) : top + size, max(left, 0) : left + size] = fill
    return holed
