def bias_variance(predictions, truth):
    # the mean squared error minus the squared bias is the variance
    error = torch.nn.functional.mse_loss(predictions, truth.expand_as(predictions))
    bias = torch.nn.functional.mse_loss(predictions.mean(0), truth)
    return bias.item(), (error - bias).item()
