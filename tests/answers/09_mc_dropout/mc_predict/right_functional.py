import copy
from torch.func import functional_call


def mc_predict(model, x, n_samples):
    frozen = {k: v.detach() for k, v in model.state_dict().items()}
    twin = copy.deepcopy(model)
    twin.eval()
    for m in twin.modules():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
    logits = torch.stack([functional_call(twin, frozen, (x,)) for _ in range(n_samples)])
    return logits.softmax(dim=2).detach()
