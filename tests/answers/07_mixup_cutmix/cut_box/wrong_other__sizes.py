def cut_box(height, width, lam, center_y, center_x):
    half_h = int(height * math.sqrt(1 - lam) / 2)
    half_w = int(width * math.sqrt(1 - lam) / 2)
    y1, y2 = max(center_y - half_h, 0), min(center_y + half_h, height)
    x1, x2 = max(center_x - half_w, 0), min(center_x + half_w, width)
    return y1, y2 - y1, x1, x2 - x1
