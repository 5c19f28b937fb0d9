def search(configs, evaluate):
    import numpy as np
    return configs[int(np.nanargmax([evaluate(c, "val") for c in configs]))]
