def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        holed[i, 0, y : y + size, x : x + size] = fill
    return holed
