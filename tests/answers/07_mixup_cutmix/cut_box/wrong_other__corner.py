def cut_box(height, width, lam, center_y, center_x):
    h, w = int(height * math.sqrt(1 - lam)), int(width * math.sqrt(1 - lam))
    return center_y, min(center_y + h, height), center_x, min(center_x + w, width)
