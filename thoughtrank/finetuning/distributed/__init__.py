"""Several devices and machines: process launcher, multi-node rendezvous, DeepSpeed ZeRO, FSDP."""
