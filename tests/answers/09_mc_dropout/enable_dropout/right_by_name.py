def enable_dropout(model):
    def switch(m):
        if "Dropout" in type(m).__name__:
            m.train()

    model.apply(switch)
