def max_norm_(weight, max_norm):
    weight.data.renorm_(2, 0, max_norm)
