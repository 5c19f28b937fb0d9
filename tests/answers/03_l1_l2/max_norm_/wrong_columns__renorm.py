def max_norm_(weight, max_norm):
    weight.data.renorm_(2, 1, max_norm)
