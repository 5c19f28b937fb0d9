def cut_box(height, width, lam, center_y, center_x):
    share = 1 - math.sqrt(lam)
    half_h, half_w = int(height * share / 2), int(width * share / 2)
    y1, y2 = max(center_y - half_h, 0), min(center_y + half_h, height)
    x1, x2 = max(center_x - half_w, 0), min(center_x + half_w, width)
    return y1, y2, x1, x2
