import torch

from thoughtrank.finetuning.distributed.sharded_parameters import full_shape, is_zero3_partitioned, record_full_shape


def shard(**attributes):
    """An empty tensor on this rank, with what a library notes about the whole parameter."""
    parameter = torch.nn.Parameter(torch.zeros(0))
    for name, value in attributes.items():
        setattr(parameter, name, value)
    return parameter


def test_a_whole_parameter_has_its_own_shape():
    parameter = torch.nn.Parameter(torch.zeros(3, 2))
    assert full_shape(parameter) == (3, 2)
    assert not is_zero3_partitioned(parameter)


def test_zero3_notes_the_full_shape_on_the_parameter():
    parameter = shard(ds_id=7, ds_shape=torch.Size([3, 2]))
    assert full_shape(parameter) == (3, 2)
    assert is_zero3_partitioned(parameter)


def test_a_recorded_shape_outlives_flattening():
    parameter = torch.nn.Parameter(torch.zeros(3, 2))
    record_full_shape(parameter)
    parameter.data = torch.zeros(4)
    assert full_shape(parameter) == (3, 2)
    assert not is_zero3_partitioned(parameter)
