def cut_box(height, width, lam, center_y, center_x):
    def half(size):
        k = 0
        while 2 * (k + 1) <= size * math.sqrt(1 - lam):
            k += 1
        return k
    h, w = half(height), half(width)
    y1 = center_y - h
    if y1 < 0: y1 = 0
    y2 = center_y + h
    if y2 > height: y2 = height
    x1 = center_x - w
    if x1 < 0: x1 = 0
    x2 = center_x + w
    if x2 > width: x2 = width
    return y1, y2, x1, x2
