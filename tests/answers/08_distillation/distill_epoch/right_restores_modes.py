def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    modes = [(module, module.training) for module in teacher.modules()]
    teacher.eval()
    student.train()
    losses, sizes = [], []
    for x, y in batches:
        with torch.inference_mode():
            answer = teacher(x)
        optimizer.zero_grad(set_to_none=False)
        loss = helpers.distillation_loss(
            student(x), answer.clone(), y, temperature, alpha
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
        sizes.append(len(y))
    for module, mode in modes:
        module.training = mode
    weights = torch.tensor(sizes, dtype=losses[0].dtype)
    return ((torch.stack(losses) * weights).sum() / weights.sum()).item()
