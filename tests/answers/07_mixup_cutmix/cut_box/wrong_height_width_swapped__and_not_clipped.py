def cut_box(height, width, lam, center_y, center_x):
    share = math.sqrt(1 - lam)
    half_h, half_w = int(width * share / 2), int(height * share / 2)
    return center_y - half_h, center_y + half_h, center_x - half_w, center_x + half_w
