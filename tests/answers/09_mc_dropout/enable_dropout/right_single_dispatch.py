import functools


@functools.singledispatch
def _on(m):
    pass


for _k in (
    nn.Dropout,
    nn.Dropout1d,
    nn.Dropout2d,
    nn.Dropout3d,
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
):
    _on.register(_k)(lambda m: m.train())


def enable_dropout(model):
    for m in model.modules():
        _on(m)
