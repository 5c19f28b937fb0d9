def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    from helpers import distillation_loss as loss_fn

    teacher.eval()
    student.train()
    total = n = 0
    for images, labels in batches:
        optimizer.zero_grad()
        loss = loss_fn(student(images), teacher(images), labels, temperature, alpha)
        loss.backward()
        optimizer.step()
        total += loss.item() * labels.shape[0]
        n += labels.shape[0]
    return total / n
