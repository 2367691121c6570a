import torch
from transformers import LlamaConfig, LlamaForCausalLM

from thoughtrank.finetuning.distributed.sharded_parameters import record_full_shape
from thoughtrank.finetuning.optimizers.parameters import decay_groups, embedding_names, num_values, trained_parameters


def llama(**settings):
    sizes = {"vocab_size": 16, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    return LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=2, **settings))


def test_values_are_counted_from_shapes():
    assert num_values({"matrix": (3, 4), "vector": (5,), "scalar": ()}) == 18
    assert num_values({}) == 0


def test_tied_parameters_are_trained_once_and_frozen_ones_not_at_all():
    model = llama(tie_word_embeddings=True)
    model.model.norm.requires_grad_(False)
    trained = trained_parameters(model)
    assert "model.embed_tokens.weight" in trained
    assert "lm_head.weight" not in trained
    assert "model.norm.weight" not in trained


def test_embeddings_include_the_output_head():
    assert embedding_names(llama(tie_word_embeddings=True)) == {"model.embed_tokens.weight"}
    assert embedding_names(llama(tie_word_embeddings=False)) == {"model.embed_tokens.weight", "lm_head.weight"}
    assert embedding_names(torch.nn.Sequential(torch.nn.Embedding(3, 2), torch.nn.Linear(2, 3))) == {"0.weight"}


def test_only_matrices_decay_and_empty_groups_are_left_out():
    matrix, vector = torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(3))
    assert [(group["params"], group["weight_decay"]) for group in decay_groups([vector, matrix], weight_decay=0.1)] == [
        ([matrix], 0.1),
        ([vector], 0.0),
    ]
    assert len(decay_groups([vector], weight_decay=0.1)) == 1


def test_a_flattened_matrix_still_decays():
    parameter = torch.nn.Parameter(torch.zeros(2, 3))
    record_full_shape(parameter)
    parameter.data = parameter.data.flatten()
    [group] = decay_groups([parameter], weight_decay=0.1)
    assert group["weight_decay"] == 0.1
