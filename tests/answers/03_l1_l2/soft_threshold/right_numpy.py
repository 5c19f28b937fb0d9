def soft_threshold(w, threshold):
    import numpy as np

    a = w.detach().cpu().numpy()
    return torch.from_numpy(np.sign(a) * np.maximum(np.abs(a) - threshold, 0)).to(w)
