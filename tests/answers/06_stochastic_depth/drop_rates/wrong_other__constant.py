def drop_rates(num_blocks, final_rate):
    return [final_rate] * num_blocks
