def enable_dropout(model):
    for block in model.modules():
        if any(isinstance(m, nn.Dropout) for m in block.children()):
            block.train()
