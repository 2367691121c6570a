"""Calls of torch's operators, with the names that their schemas give to the arguments."""

from torch.utils._python_dispatch import TorchDispatchMode


class OperatorCalls(TorchDispatchMode):
    """Records the arguments of each operator that is called; on meta tensors, no operator computes anything."""

    def __init__(self):
        super().__init__()
        self.arguments = {}

    def __torch_dispatch__(self, operator, types, arguments=(), more=None):
        names = [argument.name for argument in operator._schema.arguments]
        self.arguments[operator._schema.name] = dict(zip(names, arguments, strict=False)) | (more or {})
        return operator(*arguments, **(more or {}))
