def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    center_y -= size // 2
    center_x -= size // 2
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        holed[i, :, max(y, 0) : y + size, max(x, 0) : x + size] = fill
    return holed
