def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        top, left = y - size // 2, x - size // 2
        holed[i, :, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return holed
