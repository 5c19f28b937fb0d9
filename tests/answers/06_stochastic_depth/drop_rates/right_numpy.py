def drop_rates(num_blocks, final_rate):
    import numpy as np

    return list(np.arange(1, num_blocks + 1) * final_rate / num_blocks)
