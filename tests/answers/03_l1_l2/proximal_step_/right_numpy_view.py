def proximal_step_(weights, grad, lr, strength):
    import numpy as np

    a = weights.detach().numpy()
    a -= lr * grad.detach().numpy()
    a[...] = np.sign(a) * np.maximum(np.abs(a) - lr * strength, 0)
