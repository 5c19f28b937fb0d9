def drop_rates(num_blocks, final_rate):
    step, rates, rate = final_rate / num_blocks, [], 0
    for _ in range(num_blocks):
        rate += step
        rates.append(rate)
    return rates
