@torch.no_grad()
def lessons(teacher, batches):
    was = teacher.training
    teacher.train(False)
    prepared = [(x, y, teacher(x)) for x, y in batches]
    teacher.train(was)
    return prepared


def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    prepared = lessons(teacher, batches)
    student.train(True)

    def step(x, y, target):
        optimizer.zero_grad()
        value = helpers.distillation_loss(student(x), target, y, temperature, alpha)
        value.backward()
        optimizer.step()
        return value.item() * y.numel()

    total = sum(step(*lesson) for lesson in prepared)
    return total / sum(y.numel() for _, y, _ in prepared)
