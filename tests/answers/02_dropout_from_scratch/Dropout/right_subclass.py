class Dropout(nn.Dropout):
    def __init__(self, p: float = 0.5):
        super().__init__(p)
