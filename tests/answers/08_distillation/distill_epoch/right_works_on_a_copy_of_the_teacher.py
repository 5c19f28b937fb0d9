import copy


def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    oracle = copy.deepcopy(teacher).eval()
    for parameter in oracle.parameters():
        parameter.requires_grad_(False)
    student.train()
    running_mean, seen = 0.0, 0
    for x, y in batches:
        loss = helpers.distillation_loss(student(x), oracle(x), y, temperature, alpha)
        for parameter in student.parameters():
            parameter.grad = None
        loss.backward()
        optimizer.step()
        seen += len(x)
        running_mean += (loss.item() - running_mean) * len(x) / seen
    return running_mean
